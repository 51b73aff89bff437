#!lua
--[[
look: whether a provider may be asked for a record now, by whoever asks: each
record so often, each host so often.

ARGV  prefix, id, ms between two questions for it, host, ms between two
      questions of it

      1, or 0: not yet
--]]

local prefix = ARGV[1]
local record, host = prefix .. 'looked:' .. ARGV[2],
                     prefix .. 'looking:' .. ARGV[4]

if redis.call('EXISTS', record) == 1
   or not redis.call('SET', host, 1, 'NX', 'PX', ARGV[5])
then
    return 0
end

redis.call('SET', record, 1, 'PX', ARGV[3])

return 1
