#!lua flags=allow-oom
--[[
due: requests that somebody must see to: those that nobody looks at any more,
since who began has died, and those that nobody has decided in time.  Nobody
else is told of them for a while.

ARGV  prefix, age (ms) after which one is not looked at any more, n

      {{id, input, promoted, tries, …}, {id, {field, value, …}, …}}
          the first to be looked at, the second to be ended
--]]

local prefix, n = ARGV[1], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local created = prefix .. 'reviews:created'
local expire = prefix .. 'reviews:expire'
local look, ended = {}, {}

for _, id in ipairs(redis.call('ZRANGEBYSCORE', created, '-inf',
                               now - ARGV[2], 'LIMIT', 0, n))
do
    local record = prefix .. 'promotion:' .. id
    local fields = redis.call('HMGET', record, 'state', 'input', 'pair')

    if fields[1] ~= 'CREATED' then
        redis.call('ZREM', created, id)

    else
        redis.call('ZADD', created, now, id)

        look[#look + 1] = id
        look[#look + 1] = fields[2] or ''
        look[#look + 1] = redis.call('GET', prefix .. 'promoted:'
                                            .. fields[3]) or ''
        look[#look + 1] = redis.call('HINCRBY', record, 'tries', 1)
    end
end

-- all of a record but what is large, and of which no entry tells

local function told(record)
    local names, reply = {}, {}

    for _, name in ipairs(redis.call('HKEYS', record)) do
        if name ~= 'definition' and name ~= 'input' then
            names[#names + 1] = name
        end
    end

    for i, value in ipairs(redis.call('HMGET', record, unpack(names))) do
        reply[2 * i - 1] = names[i]
        reply[2 * i] = value
    end

    return reply
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', expire, '-inf', now,
                               'LIMIT', 0, n))
do
    local record = prefix .. 'promotion:' .. id
    local state = redis.call('HGET', record, 'state')

    if state == 'TO_BE_VALIDATED' or state == 'ERROR' then
        redis.call('ZADD', expire, now + ARGV[2], id)

        ended[#ended + 1] = id
        ended[#ended + 1] = told(record)

    elseif not state or state == 'REJECTED' or state == 'CANCELLED'
           or state == 'LANDED'
    then
        redis.call('ZREM', expire, id)

    else
        -- it is being accepted: whatever comes of that, later

        redis.call('ZADD', expire, now + ARGV[2], id)
    end
end

return {look, ended}
