#!lua flags=allow-oom
--[[
begin: a push of these promotions is about to leave; base is the head that it
builds on.  From here on their outcome may be unclear.

ARGV  prefix, lane, token, lease (ms), base, then for each: id, takes (what
      "take" answered: another leader has taken it since if it differs),
      the id of the API that it writes ("": none), 1 if that is new

      1, or 0: they are somebody else's by now, do not push
--]]

local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local lease = prefix .. 'lane:' .. lane .. ':lease'

if redis.call('GET', lease) ~= token then
    return 0
end

redis.call('PEXPIRE', lease, ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for i = 6, #ARGV, 4 do
    local fields = redis.call('HMGET', prefix .. 'promotion:' .. ARGV[i],
                              'state', 'takes')

    if (fields[1] ~= 'TAKEN' and fields[1] ~= 'PUSHING'
        and fields[1] ~= 'UNKNOWN')
       or fields[2] ~= ARGV[i + 1]
    then
        return 0
    end
end

for i = 6, #ARGV, 4 do
    local record = prefix .. 'promotion:' .. ARGV[i]

    -- a search goes back to the first base; the last one tells whether a
    -- push that was not answered can still land

    redis.call('HSETNX', record, 'base', ARGV[5])
    redis.call('HSET', record, 'state', 'PUSHING', 'planned_at', now,
               'pushing', ARGV[5])
    redis.call('HDEL', record, 'message')

    if ARGV[i + 2] ~= '' then
        redis.call('HSET', record, 'target_api', ARGV[i + 2],
                   'target_created', ARGV[i + 3])
    end

    redis.call('HINCRBY', record, 'pushes', 1)
end

return 1
