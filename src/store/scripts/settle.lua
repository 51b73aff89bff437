#!lua flags=allow-oom
--[[
settle: the final results of promotions.  A landed one is accepted from
anybody, since the remote has reported it; a failure only from the leader.
What is final already stays as it is.

ARGV  prefix, lane, token, lease (ms), ms since the push ended ("" if there
      was none), n,
      then n times: id, state (LANDED or FAILED), status, message, commit,
                    digest

      number of promotions that were settled by this call
--]]

local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'lane:' .. lane
local leads = redis.call('GET', key .. ':lease') == token

if leads then
    redis.call('PEXPIRE', key .. ':lease', ARGV[4])
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local final = {LANDED = true, FAILED = true, CANCELLED = true}
local settled = {}
local at = 7

for _ = 1, tonumber(ARGV[6]) do
    local id, state, status = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local record = prefix .. 'promotion:' .. id
    local old = redis.call('HMGET', record, 'state', 'idempotency')

    if old[1] and not final[old[1]] and (state == 'LANDED' or leads) then
        redis.call('HSET', record, 'state', state, 'status', status,
                   'message', ARGV[at + 3], 'commit', ARGV[at + 4],
                   'digest', ARGV[at + 5], 'settled_at', now)
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

    at = at + 6
end

if #settled > 0 then
    redis.call('PUBLISH', prefix .. 'settled',
               'settled ' .. table.concat(settled, ' '))
end

return #settled
