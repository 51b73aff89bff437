#!lua
--[[
decide: accept, reject or cancel a request, once; or end one that is due.
Accepting queues it on its lane; what becomes of it "settle" says.  Sent twice
with the same attempt it changes nothing.

ARGV  prefix, lane ("" but for accept), token, lease (ms), id,
      what (accept, reject, cancel, expire), attempt (who asks, a name of its
      own), key id, name, address, reason ("": none),
      for accept: queue limit, input; else retention (s), block of audit
      entries

      {"queued", 1 if the caller leads}     accepted
      {"done", {field, value, …}}           any other
      {"no", state, name of who has decided, when (ms), reason}
      {"full"}
--]]

--@audit
local prefix, lane, token, lease = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local id, what, attempt = ARGV[5], ARGV[6], ARGV[7]
local record = prefix .. 'promotion:' .. id
local old = redis.call('HMGET', record, 'state', 'attempt', 'asked', 'pair',
                       'target_environment', 'decider', 'decided_at',
                       'reason', 'takes', 'base')
local state = old[1]
local lock = prefix .. 'lane:' .. lane .. ':lease'

local function try_lease()
    return redis.call('SET', lock, token, 'NX', 'PX', lease) and 1 or 0
end

if state and old[2] == attempt and what == 'accept' then
    if state == 'QUEUED' then
        return {'queued', redis.call('GET', lock) == token and 1
                          or try_lease()}
    end

    return {'queued', 0}
end

if state and old[2] == attempt then
    return {'done', redis.call('HGETALL', record)}
end

-- one that failed before it was put before anybody has no pair any more

if state ~= 'TO_BE_VALIDATED' and not (state == 'ERROR' and old[3])
   and not (state == 'CREATED' and what == 'cancel')
then
    return {'no', state or '', old[6] or '', old[7] or '', old[8] or ''}
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if what == 'accept' then
    local waiting = prefix .. 'lane:' .. lane .. ':waiting'

    if redis.call('LLEN', waiting) >= tonumber(ARGV[12]) then
        return {'full'}
    end

    -- of an attempt before nothing is on its way any more, and who took it
    -- did not die of it; but what it has pushed may have landed after it had
    -- been given up, and is looked for from there on

    if old[10] then
        redis.call('HSETNX', record, 'since', old[10])
    end

    redis.call('HDEL', record, 'base', 'pushing', 'message', 'status',
               'fault', 'fault_of', 'now', 'taken_at', 'planned_at',
               'pushed_at', 'settled_at', 'batch_size')

    if old[9] then
        redis.call('HSET', record, 'survived', old[9])
    end

    redis.call('HSET', record, 'state', 'QUEUED', 'lane', lane,
               'attempt', attempt, 'decider_key', ARGV[8],
               'decider', ARGV[9], 'decider_email', ARGV[10],
               'reason', ARGV[11], 'decided_at', now, 'updated_at', now,
               'input', ARGV[13])

    redis.call('RPUSH', waiting, id)
    redis.call('SADD', prefix .. 'lanes', lane)

    return {'queued', try_lease()}
end

audited(prefix, ARGV[12], 13)

redis.call('HSET', record,
           'state', what == 'reject' and 'REJECTED' or 'CANCELLED',
           'attempt', attempt, 'decider_key', ARGV[8], 'decider', ARGV[9],
           'decider_email', ARGV[10], 'reason', ARGV[11], 'decided_at', now,
           'updated_at', now)

if redis.call('GET', prefix .. 'pending:' .. old[4]) == id then
    redis.call('DEL', prefix .. 'pending:' .. old[4])
end

redis.call('ZREM', prefix .. 'tasks:' .. old[5], id)
redis.call('ZREM', prefix .. 'reviews:created', id)
redis.call('ZREM', prefix .. 'reviews:expire', id)

return {'done', redis.call('HGETALL', record)}
