#!lua flags=no-writes,allow-oom
--[[
pending: who has the pairs, and what they were promoted to last.

ARGV  prefix, pair, …

      {id ("": nobody), author, id that it was promoted to last ("": never),
       id, …}
--]]

local prefix = ARGV[1]
local reply = {}

for i = 2, #ARGV do
    local id = redis.call('GET', prefix .. 'pending:' .. ARGV[i])
    local fields = id and redis.call('HMGET', prefix .. 'promotion:' .. id,
                                     'author', 'state')
    local held = fields and fields[2]

    reply[#reply + 1] = held and id or ''
    reply[#reply + 1] = held and fields[1] or ''
    reply[#reply + 1] = redis.call('GET', prefix .. 'promoted:' .. ARGV[i])
                        or ''
end

return reply
