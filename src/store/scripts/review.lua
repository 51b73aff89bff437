#!lua flags=no-writes,allow-oom
--[[
review: a request, and what was promoted before it.

ARGV  prefix, id

      {{field, value, …}, id that the API was promoted to last ("": never)}
      {}: it is none
--]]

local prefix = ARGV[1]
local record = prefix .. 'promotion:' .. ARGV[2]
local pair = redis.call('HGET', record, 'pair')

if not pair then
    return {}
end

return {redis.call('HGETALL', record),
        redis.call('GET', prefix .. 'promoted:' .. pair) or ''}
