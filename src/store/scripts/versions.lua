#!lua flags=allow-oom
--[[
versions: what promotions that have landed brought, into their records, and
what their applications are at since then: the newest word of each counts.  A
pull request brings nothing as long as it is open.

ARGV  prefix, then for each: id, version of the source ("": not known), of the
      destination before and after

      the number of records
--]]

local prefix, n = ARGV[1], 0

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function known(application, version, id)
    if application and application ~= '' and version ~= '' then
        redis.call('HSET', prefix .. 'versions', application,
                   string.format('%d %s %s', now, id, version))
    end
end

for i = 2, #ARGV, 4 do
    local id, from, to = ARGV[i], ARGV[i + 2], ARGV[i + 3]
    local record = prefix .. 'promotion:' .. id
    local old = redis.call('HMGET', record, 'source', 'destination', 'kind')

    if old[2] then
        redis.call('HSET', record, 'version_from', from, 'version_to', to)
        n = n + 1

        if old[3] == 'commit' or old[3] == 'revert' then
            known(old[1], ARGV[i + 1], id)
            known(old[2], to, id)
        end
    end
end

return n
