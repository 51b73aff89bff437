#!lua flags=allow-oom
--[[
recover: takes the lease of a lane that nobody leads.

ARGV  prefix, lane, token, lease (ms)

      1: the caller leads; 0: there is nothing to do; -n: somebody's lease
      has n ms left
--]]

local prefix, lane = ARGV[1], ARGV[2]
local key = prefix .. 'lane:' .. lane

if redis.call('LLEN', key .. ':waiting') == 0
   and redis.call('LLEN', key .. ':taken') == 0
then
    if redis.call('EXISTS', key .. ':lease') == 0 then
        redis.call('SREM', prefix .. 'lanes', lane)
    end

    return 0
end

local leads = redis.call('SET', key .. ':lease', ARGV[3], 'NX', 'PX', ARGV[4])

if leads then
    return 1
end

return -math.max(redis.call('PTTL', key .. ':lease'), 1)
