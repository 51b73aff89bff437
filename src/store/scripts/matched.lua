#!lua
--[[
matched: whether an API would be created or updated, as was seen just now.

ARGV  prefix, id, 1 if it would be updated

      1, or 0: nobody is to decide it any more
--]]

local record = ARGV[1] .. 'promotion:' .. ARGV[2]
local state = redis.call('HGET', record, 'state')

if state ~= 'TO_BE_VALIDATED' and state ~= 'ERROR' then
    return 0
end

redis.call('HSET', record, 'update', ARGV[3])

return 1
