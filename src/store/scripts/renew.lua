#!lua flags=allow-oom
--[[
renew: keeps a lease.

ARGV  prefix, lane, token, lease (ms)

      1, or 0: it is somebody else's
--]]

local lease = ARGV[1] .. 'lane:' .. ARGV[2] .. ':lease'

if redis.call('GET', lease) ~= ARGV[3] then
    return 0
end

redis.call('PEXPIRE', lease, ARGV[4])

return 1
