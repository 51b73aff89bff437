#!lua flags=allow-oom
--[[
cancel: ends a promotion that nobody has taken yet.

ARGV  prefix, id

      {"cancelled"}, or {"no", state}: it is under way, or has ended
--]]

local prefix, id = ARGV[1], ARGV[2]
local record = prefix .. 'promotion:' .. id
local fields = redis.call('HMGET', record, 'state', 'lane', 'idempotency')

if fields[1] ~= 'QUEUED' then
    return {'no', fields[1] or ''}
end

local key = prefix .. 'lane:' .. fields[2]

redis.call('LREM', key .. ':waiting', 1, id)

local time = redis.call('TIME')

redis.call('HSET', record, 'state', 'CANCELLED', 'status', 409,
           'message', 'the promotion was cancelled',
           'settled_at', time[1] * 1000 + math.floor(time[2] / 1000))

if fields[3] and fields[3] ~= '' then
    redis.call('DEL', prefix .. 'idempotency:' .. fields[3])
end

redis.call('PUBLISH', prefix .. 'settled', 'settled ' .. id)

return {'cancelled'}
