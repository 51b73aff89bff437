#!lua flags=allow-oom
--[[
release: gives a lane up and says so, for a worker that exits or whose pool
takes no job.  What it has taken and not begun goes back to the front.

ARGV  prefix, lane, token
--]]

local prefix, lane = ARGV[1], ARGV[2]
local key = prefix .. 'lane:' .. lane

if redis.call('GET', key .. ':lease') ~= ARGV[3] then
    return 0
end

local ids = redis.call('LRANGE', key .. ':taken', 0, -1)

for i = #ids, 1, -1 do
    local record = prefix .. 'promotion:' .. ids[i]

    if redis.call('HGET', record, 'state') == 'TAKEN'
       and redis.call('HEXISTS', record, 'base') == 0
    then
        redis.call('LREM', key .. ':taken', 1, ids[i])
        redis.call('LPUSH', key .. ':waiting', ids[i])
        redis.call('HSET', record, 'state', 'QUEUED')
        redis.call('HINCRBY', record, 'takes', -1)
    end
end

redis.call('DEL', key .. ':lease')
redis.call('PUBLISH', prefix .. 'settled', 'free ' .. lane)

return 1
