#!lua
--[[
look: whether a provider may be asked for a record now, by whoever asks: each
record so often, each host so often.  Where the provider tells what becomes of
it, not before it was silent for as long.

ARGV  prefix, id, ms between two questions for it, host, ms between two
      questions of it, 1 if it tells, or 0

      1, or 0: not yet
--]]

local prefix = ARGV[1]
local record, host = prefix .. 'looked:' .. ARGV[2],
                     prefix .. 'looking:' .. ARGV[4]

if ARGV[6] == '1' then
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)

    for _, at in ipairs(redis.call('HMGET', prefix .. 'promotion:' .. ARGV[2],
                                   'settled_at', 'closed_at', 'reopened_at'))
    do
        if at and now - at < tonumber(ARGV[3]) then
            return 0
        end
    end
end

if redis.call('EXISTS', record) == 1
   or not redis.call('SET', host, 1, 'NX', 'PX', ARGV[5])
then
    return 0
end

redis.call('SET', record, 1, 'PX', ARGV[3])

return 1
