#!lua flags=allow-oom
--[[
recover: takes the lease of a lane that nobody leads.

ARGV  prefix, lane, token, lease (ms)

      1: the caller leads; 0: there is nothing to do; -n: not before n ms,
      when somebody's lease ends or a provider is to be asked again
--]]

local prefix, lane = ARGV[1], ARGV[2]
local key = prefix .. 'lane:' .. lane

if redis.call('LLEN', key .. ':waiting') == 0
   and redis.call('LLEN', key .. ':taken') == 0
then
    local due = redis.call('ZRANGE', key .. ':pending', 0, 0, 'WITHSCORES')[2]

    if due then
        local time = redis.call('TIME')
        local wait = due - time[1] * 1000 - math.floor(time[2] / 1000)

        if wait > 0 then
            return -wait
        end

    elseif redis.call('EXISTS', key .. ':lease') == 0 then
        redis.call('SREM', prefix .. 'lanes', lane)
        return 0

    else
        return 0
    end
end

local leads = redis.call('SET', key .. ':lease', ARGV[3], 'NX', 'PX', ARGV[4])

if leads then
    return 1
end

return -math.max(redis.call('PTTL', key .. ':lease'), 1)
