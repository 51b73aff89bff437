#!lua
--[[
denied: records a refused attempt, of one key only so many in a while: who is
refused over and over does not fill Redis, nor drown what others do.

ARGV  prefix, key's id, most entries, of how many seconds, retention (s),
      block of audit entries, the same for the last of them, which says so

      1, or 0: it is not recorded
--]]

--@audit
local prefix = ARGV[1]
local counter, most = prefix .. 'denied:' .. ARGV[2], tonumber(ARGV[3])
local n = redis.call('INCR', counter)

if n == 1 then
    redis.call('EXPIRE', counter, ARGV[4])
end

if n > most then
    return 0
end

if n < most then
    audited(prefix, ARGV[5], 6)
else
    audited(prefix, ARGV[5], unaudited(6))
end

return 1
