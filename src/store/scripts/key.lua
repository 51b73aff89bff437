#!lua flags=allow-oom
--[[
key: writes or deletes the record of an API key, if it is there, or is not: no
key is made twice, and none comes back that somebody has just deleted.

ARGV  prefix, id, "create", "change" or "delete", number of fields, field,
      value, …, block of audit entries

      1, or 0: it was there (create), or was not
--]]

--@audit
local prefix, record = ARGV[1], ARGV[1] .. 'key:' .. ARGV[2]
local what, fields = ARGV[3], tonumber(ARGV[4])

if redis.call('EXISTS', record) ~= (what == 'create' and 0 or 1) then
    return 0
end

-- how long entries are kept is the module's to know

audited(prefix, '', 5 + fields)

if what == 'delete' then
    redis.call('DEL', record)
else
    redis.call('HSET', record, unpack(ARGV, 5, 4 + fields))
end

return 1
