#!lua flags=allow-oom
--[[
settle: what has become of promotions.  A landed one is accepted from anybody,
since the remote has reported it; a failure only from the leader that has taken
it last.  What is final already stays as it is.  UNKNOWN is no end: a push of
it may have landed, and the next leader looks.  Nor is PENDING: the commit of a
pull request is there, and its provider is asked again when it is due.

ARGV  prefix, lane, token, lease (ms), ms since the push ended ("" if there
      was none), retention (s), n,
      then n times: id, takes, state (LANDED, FAILED, UNKNOWN, PENDING; of a
                    pull request that is there: OPEN, MERGED, CLOSED),
                    status, message, commit, digest,
                    of a pull request: JSON (below), else "",
                    name and subject of a fault,
                    block of audit entries

JSON: {"fields": what its record gets; "index": under which name its
repository and number lead to it; "after": PENDING: ms, or none}

      the ids that this call did not settle: another leader's by now, or
      final before
--]]

--@audit
--@version
local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'lane:' .. lane
local leads = redis.call('GET', key .. ':lease') == token

if leads then
    redis.call('PEXPIRE', key .. ':lease', ARGV[4])
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local final = {LANDED = true, FAILED = true, CANCELLED = true, OPEN = true,
               MERGED = true, CLOSED = true, REJECTED = true}
local open = {OPEN = true, MERGED = true, CLOSED = true}

-- a request that has failed can be accepted anew: a failure that is told twice
-- is not that one's

local under_way = {TAKEN = true, PUSHING = true, UNKNOWN = true}

-- A request that was accepted (review-api.md): landed, its pair is free, and
-- what it was promoted to is kept; failed, it is what it was before, to be
-- decided again.

local function review(id, record, landed, status)
    local fields = redis.call('HMGET', record, 'pair', 'target_environment',
                              'target_api')

    redis.call('HSET', record, 'updated_at', now)

    if not landed then
        redis.call('HSET', record, 'state',
                   tonumber(status) >= 500 and 'ERROR' or 'TO_BE_VALIDATED')
        redis.call('HDEL', record, 'decider_key', 'decider', 'decider_email',
                   'reason', 'decided_at')
        return
    end

    if redis.call('GET', prefix .. 'pending:' .. fields[1]) == id then
        redis.call('DEL', prefix .. 'pending:' .. fields[1])
    end

    redis.call('LREM', key .. ':waiting', 1, id)
    redis.call('ZREM', prefix .. 'tasks:' .. fields[2], id)
    redis.call('ZREM', prefix .. 'reviews:expire', id)

    if fields[3] and fields[3] ~= '' then
        redis.call('SET', prefix .. 'promoted:' .. fields[1], fields[3])
    end
end

local settled, others = {}, {}
local at = 8

-- a provider that is down is asked less and less often, for a day

local function pend(id, record, message, pull)
    local tries = redis.call('HINCRBY', record, 'tries', 1)
    local wait = math.min(1000 * 2 ^ math.min(tries - 1, 10), 300000)

    redis.call('HSET', record, 'state', 'COMMITTED', 'message', message)
    redis.call('HINCRBY', record, 'survived', 1)
    redis.call('LREM', key .. ':taken', 1, id)
    redis.call('ZADD', key .. ':pending',
               now + math.max(wait, tonumber(pull.after) or 0), id)
    redis.call('SADD', prefix .. 'lanes', lane)
end

local function given_up(record, commit, message)
    return 'commit ' .. commit:sub(1, 7) .. ' is on '
           .. (redis.call('HGET', record, 'pull_head') or 'its head branch')
           .. ', but there is no pull request: given up after a day, at last '
           .. message
end

-- those of one pull request are told in the order in which they were asked for

local function index(id, name, created)
    name = prefix .. 'pull:' .. name

    redis.call('ZADD', name, created or now, id)
    redis.call('ZREMRANGEBYRANK', name, 0, -257)

    if tonumber(ARGV[6]) > 0 then
        redis.call('EXPIRE', name, ARGV[6])
    end
end

-- a pull request that is found merged brings its version without "follow"

local function merged(id, record)
    local fields = redis.call('HMGET', record, 'destination', 'version_to')

    at_version(prefix, now, fields[1], fields[2], id)
end

-- what "follow" has heard of it before it was known here

local function early(id, record, name, changed)
    local word = redis.call('GET', prefix .. 'early:' .. name)

    if not word then
        return
    end

    local state, commit, told = word:match('^(%u+) (%x*) (%d+)$')

    told = tonumber(told or 0)

    if not state or (state ~= 'MERGED' and told > 0 and told < changed) then
        return
    end

    redis.call('HSET', record, 'pull_changed', math.max(told, changed))

    if state == 'OPEN' then
        return
    end

    redis.call('HSET', record, 'state', state, state:lower() .. '_at', now)

    if state == 'MERGED' then
        redis.call('HSET', record, 'pull_merge_commit', commit)
        merged(id, record)
    end
end

for _ = 1, tonumber(ARGV[7]) do
    local id, takes, state, status = ARGV[at], ARGV[at + 1], ARGV[at + 2],
                                     ARGV[at + 3]
    local record = prefix .. 'promotion:' .. id
    local past = unaudited(at + 10)
    local pull = ARGV[at + 7] ~= '' and cjson.decode(ARGV[at + 7]) or nil
    local old = redis.call('HMGET', record, 'state', 'idempotency', 'takes',
                           'created_at', 'review')

    local message = ARGV[at + 4]

    if state == 'PENDING' and now - (old[4] or now) > 86400000 then
        state = 'FAILED'
        message = given_up(record, ARGV[at + 5], message)
    end

    if not old[1] then

        -- its record has expired, or was lost

        redis.call('LREM', key .. ':taken', 1, id)
        others[#others + 1] = id

    elseif final[old[1]]
           or not (state == 'LANDED' or open[state]
                   or (leads and old[3] == takes))
           or (old[5] and state ~= 'LANDED' and not under_way[old[1]])
    then
        others[#others + 1] = id

    elseif state == 'UNKNOWN' then

        -- its leader has not died of it

        redis.call('HSET', record, 'state', state, 'message', ARGV[at + 4])
        redis.call('HINCRBY', record, 'survived', 1)

    elseif state == 'PENDING' then
        pend(id, record, ARGV[at + 4], pull)
        settled[#settled + 1] = id

    else
        audited(prefix, ARGV[6], at + 10)

        redis.call('HSET', record, 'state', state, 'status', status,
                   'message', message, 'commit', ARGV[at + 5],
                   'settled_at', now)

        -- what was asked for has a digest; one that is found by its trailer
        -- has none, nor has the later try of a pull request

        if (not old[5] and not pull)
           or ((state == 'LANDED' or pull) and ARGV[at + 6] ~= '')
        then
            redis.call('HSET', record, 'digest', ARGV[at + 6])
        end

        if old[5] then
            redis.call('HSET', record, 'now', ARGV[at + 6],
                       'fault', ARGV[at + 8], 'fault_of', ARGV[at + 9])
            review(id, record, state == 'LANDED', status)
        end

        redis.call('LREM', key .. ':taken', 1, id)

        if state == 'LANDED' and ARGV[5] ~= '' then
            redis.call('HSET', record, 'pushed_at', now - ARGV[5])
        end

        if pull then
            redis.call('HDEL', record, 'pull_body')
            redis.call('ZREM', key .. ':pending', id)

            for name, value in pairs(pull.fields) do
                redis.call('HSET', record, name, value)
            end

            if pull.index then
                index(id, pull.index, old[4])

                if state == 'OPEN' then
                    early(id, record, pull.index,
                          tonumber(pull.fields.pull_changed))
                elseif state == 'MERGED' then
                    merged(id, record)
                end
            end
        end

        -- a retry after a final 5xx is a new try

        if tonumber(status) >= 500 and old[2] and old[2] ~= '' then
            redis.call('DEL', prefix .. 'idempotency:' .. old[2])
        end

        settled[#settled + 1] = id
    end

    at = past
end

if #settled > 0 then
    redis.call('PUBLISH', prefix .. 'settled',
               'settled ' .. table.concat(settled, ' '))
end

return others
