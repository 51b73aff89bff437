#!lua
--[[
submit: writes the records of promotions of one lane, queues them, and tries
to take the lane's lease.  Sent twice with the same ids it changes nothing.

ARGV  prefix, lane, token, lease (ms), queue limit, retention (s),
      idempotency key ("" for none), body digest, lanes of a group whose
      first this one is, beside it ("<lane> …"; the key's part of each of them
      is "<key>:<lane>"), n,
      then n times: id, source environment, target environment,
                    number of fields, field, value, …, block of audit entries

      {"queued", 1 if the caller leads now}
      {"known", 1 if the caller leads}    these ids were here before
      {"replayed", id, destination, …}    the idempotency key's promotions,
                                          those of its other lanes, too
      {"conflict", id}                    its first; it had another body
      {"full"}
--]]

--@audit
local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local lease, limit, retention = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local idempotency, digest, lanes = ARGV[7], ARGV[8], ARGV[9]
local n = tonumber(ARGV[10])

local at = 11
local first = ARGV[at]
local state = redis.call('HGET', prefix .. 'promotion:' .. first, 'state')

local lock = prefix .. 'lane:' .. lane .. ':lease'

local function try_lease()
    return redis.call('SET', lock, token, 'NX', 'PX', lease) and 1 or 0
end

if state == 'QUEUED' then

    -- a caller whose reply was lost does not know that it leads

    return {'known', redis.call('GET', lock) == token and 1 or try_lease()}

elseif state then
    return {'known', 0}
end

if idempotency ~= '' then
    local key = prefix .. 'idempotency:' .. idempotency
    local held = redis.call('HMGET', key, 'ids', 'digest', 'lanes')

    if held[1]
       and redis.call('EXISTS', prefix .. 'promotion:'
                                .. held[1]:match('%S+')) == 1
    then
        if held[2] ~= digest then
            return {'conflict', held[1]:match('%S+')}
        end

        local reply = {'replayed'}

        local function add(ids)
            for id in ids:gmatch('%S+') do
                reply[#reply + 1] = id
                reply[#reply + 1] = redis.call('HGET',
                    prefix .. 'promotion:' .. id, 'destination') or ''
            end
        end

        add(held[1])

        for other in (held[3] or ''):gmatch('%x+') do
            local part = redis.call('HMGET', key .. ':' .. other, 'ids',
                                    'digest')

            if part[1] and part[2] == digest then
                add(part[1])
            end
        end

        return reply
    end
end

local waiting = prefix .. 'lane:' .. lane .. ':waiting'

if redis.call('LLEN', waiting) + n > limit then
    return {'full'}
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A key that is not what it should be ends the script: those that only tell of
-- promotions come first, so that none is queued in part.

redis.call('SADD', prefix .. 'lanes', lane)

local record = at

for _ = 1, n do
    local id, environments = ARGV[record], {ARGV[record + 1],
                                            ARGV[record + 2]}
    local sets = {'promotions'}

    for _, environment in ipairs(environments) do
        if environment ~= '' then
            sets[#sets + 1] = 'promotions:' .. environment
        end
    end

    for _, set in ipairs(sets) do
        redis.call('ZADD', prefix .. set, now, id)
        redis.call('ZREMRANGEBYSCORE', prefix .. set, '-inf',
                   '(' .. now - retention * 1000)
    end

    record = unaudited(record + 4 + ARGV[record + 3])
end

local ids = {}

for _ = 1, n do
    local id, fields = ARGV[at], tonumber(ARGV[at + 3])
    local key = prefix .. 'promotion:' .. id
    local past = audited(prefix, retention, at + 4 + fields)

    redis.call('HSET', key, 'state', 'QUEUED', 'lane', lane,
               'created_at', now, 'source_environment', ARGV[at + 1],
               'target_environment', ARGV[at + 2],
               'idempotency', idempotency,
               unpack(ARGV, at + 4, at + 3 + fields))
    redis.call('EXPIRE', key, retention)
    redis.call('RPUSH', waiting, id)
    ids[#ids + 1] = id
    at = past
end

if idempotency ~= '' then
    local key = prefix .. 'idempotency:' .. idempotency

    redis.call('HSET', key, 'ids', table.concat(ids, ' '), 'digest', digest,
               'lanes', lanes)
    redis.call('EXPIRE', key, 86400)
end

return {'queued', try_lease()}
