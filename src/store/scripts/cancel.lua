#!lua flags=allow-oom
--[[
cancel: ends a promotion that nobody has taken yet, with its group: what is
waiting of it on the same lane.

ARGV  prefix, id, retention (s), n, then n environments that its group may be
      of (n = -1: all), block of audit entries

      {"cancelled"}
      {"no", state}      it is under way, or has ended
      {"forbidden"}      its group has a target elsewhere
--]]

--@audit
local prefix, id = ARGV[1], ARGV[2]
local record = prefix .. 'promotion:' .. id
local fields = redis.call('HMGET', record, 'state', 'lane', 'group',
                          'review')

-- a request is decided, see "decide"

if fields[1] ~= 'QUEUED' or fields[4] then
    return {'no', fields[1] or ''}
end

local waiting = prefix .. 'lane:' .. fields[2] .. ':waiting'
local ids = {id}
local n = tonumber(ARGV[4])
local may = {}

for i = 5, 4 + n do
    may[ARGV[i]] = true
end

if fields[3] and fields[3] ~= '' then
    for _, other in ipairs(redis.call('LRANGE', waiting, 0, -1)) do
        local of = redis.call('HMGET', prefix .. 'promotion:' .. other,
                              'group', 'target_environment')

        if other ~= id and of[1] == fields[3] then
            if n >= 0 and not may[of[2]] then
                return {'forbidden'}
            end

            ids[#ids + 1] = other
        end
    end
end

audited(prefix, ARGV[3], 5 + math.max(n, 0))

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for _, one in ipairs(ids) do
    record = prefix .. 'promotion:' .. one

    redis.call('LREM', waiting, 1, one)
    redis.call('HSET', record, 'state', 'CANCELLED', 'status', 409,
               'message', 'the promotion was cancelled', 'settled_at', now)

    local key = redis.call('HGET', record, 'idempotency')

    if key and key ~= '' then
        redis.call('DEL', prefix .. 'idempotency:' .. key)
    end
end

redis.call('PUBLISH', prefix .. 'settled',
           'settled ' .. table.concat(ids, ' '))

return {'cancelled'}
