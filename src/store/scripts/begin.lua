#!lua flags=allow-oom
--[[
begin: a push of these promotions is about to leave; base is the head that it
builds on.  From here on their outcome may be unclear.

ARGV  prefix, lane, token, lease (ms), base, id, …

      1, or 0: the lease is somebody else's, do not push
--]]

local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local lease = prefix .. 'lane:' .. lane .. ':lease'

if redis.call('GET', lease) ~= token then
    return 0
end

redis.call('PEXPIRE', lease, ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for i = 6, #ARGV do
    local record = prefix .. 'promotion:' .. ARGV[i]

    -- the first base: a search goes back to it

    redis.call('HSETNX', record, 'base', ARGV[5])
    redis.call('HSET', record, 'state', 'PUSHING', 'planned_at', now)
    redis.call('HINCRBY', record, 'pushes', 1)
end

return 1
