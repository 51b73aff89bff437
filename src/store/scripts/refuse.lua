#!lua flags=allow-oom
--[[
refuse: a request that cannot be put before anybody gives its pair back.  A
fault of the request's own leaves nothing of it; what a remote or the gateway
is to blame for leaves it as ERROR.

ARGV  prefix, id, status, message

      1, or 0: it is no request that waits to be looked at
--]]

local prefix, id = ARGV[1], ARGV[2]
local record = prefix .. 'promotion:' .. id
local old = redis.call('HMGET', record, 'state', 'pair', 'source_environment',
                       'target_environment')

if old[1] ~= 'CREATED' then
    return 0
end

local pending = prefix .. 'pending:' .. old[2]

if redis.call('GET', pending) == id then
    redis.call('DEL', pending)
end

redis.call('ZREM', prefix .. 'reviews:created', id)

if tonumber(ARGV[3]) >= 500 then
    local time = redis.call('TIME')

    redis.call('HSET', record, 'state', 'ERROR', 'status', ARGV[3],
               'message', ARGV[4], 'updated_at',
               time[1] * 1000 + math.floor(time[2] / 1000))

    return 1
end

redis.call('DEL', record)

for _, set in ipairs({'reviews', 'promotions', 'promotions:' .. old[3],
                      'promotions:' .. old[4]})
do
    redis.call('ZREM', prefix .. set, id)
end

return 1
