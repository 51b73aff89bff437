#!lua flags=allow-oom
--[[
versions: what promotions that have landed brought, into their records, and
what their applications are at since then.  A pull request brings nothing as
long as it is open (see follow).

ARGV  prefix, then for each: id, version of the source ("": not known), of the
      destination before and after

      the number of records
--]]

--@version
local prefix, n = ARGV[1], 0

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for i = 2, #ARGV, 4 do
    local id, from, to = ARGV[i], ARGV[i + 2], ARGV[i + 3]
    local record = prefix .. 'promotion:' .. id
    local old = redis.call('HMGET', record, 'source', 'destination', 'kind')

    if old[2] then
        redis.call('HSET', record, 'version_from', from, 'version_to', to)
        n = n + 1

        if old[3] == 'commit' or old[3] == 'revert' then
            at_version(prefix, now, old[1], ARGV[i + 1], id)
            at_version(prefix, now, old[2], to, id)
        end
    end
end

return n
