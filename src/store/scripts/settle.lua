#!lua flags=allow-oom
--[[
settle: what has become of promotions.  A landed one is accepted from anybody,
since the remote has reported it; a failure only from the leader that has taken
it last.  What is final already stays as it is.  UNKNOWN is no end: a push of
it may have landed, and the next leader looks.

ARGV  prefix, lane, token, lease (ms), ms since the push ended ("" if there
      was none), retention (s), n,
      then n times: id, takes, state (LANDED, FAILED or UNKNOWN), status,
                    message, commit, digest, block of audit entries

      the ids that this call did not settle: another leader's by now, or
      final before
--]]

--@audit
local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'lane:' .. lane
local leads = redis.call('GET', key .. ':lease') == token

if leads then
    redis.call('PEXPIRE', key .. ':lease', ARGV[4])
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local final = {LANDED = true, FAILED = true, CANCELLED = true}
local settled, others = {}, {}
local at = 8

for _ = 1, tonumber(ARGV[7]) do
    local id, takes, state, status = ARGV[at], ARGV[at + 1], ARGV[at + 2],
                                     ARGV[at + 3]
    local record = prefix .. 'promotion:' .. id
    local past = unaudited(at + 7)
    local old = redis.call('HMGET', record, 'state', 'idempotency', 'takes')

    if not old[1] then

        -- its record has expired, or was lost

        redis.call('LREM', key .. ':taken', 1, id)
        others[#others + 1] = id

    elseif final[old[1]]
           or not (state == 'LANDED' or (leads and old[3] == takes))
    then
        others[#others + 1] = id

    elseif state == 'UNKNOWN' then

        -- its leader has not died of it

        redis.call('HSET', record, 'state', state, 'message', ARGV[at + 4])
        redis.call('HINCRBY', record, 'survived', 1)

    else
        audited(prefix, ARGV[6], at + 7)

        redis.call('HSET', record, 'state', state, 'status', status,
                   'message', ARGV[at + 4], 'commit', ARGV[at + 5],
                   'digest', ARGV[at + 6], 'settled_at', now)
        redis.call('LREM', key .. ':taken', 1, id)

        if state == 'LANDED' and ARGV[5] ~= '' then
            redis.call('HSET', record, 'pushed_at', now - ARGV[5])
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
