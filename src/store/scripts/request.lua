#!lua
--[[
request: takes the pair (what is promoted, where to) for a request that is to
be looked at first.  Sent twice with the same id it changes nothing.

ARGV  prefix, id, pair, source environment, target environment,
      retention (s), number of fields, field, value, …

      {"created", id that the API was promoted to last ("": never)}
      {"known"}                               this id was here before
      {"pending", id, author, created_at (ms)} who has the pair
--]]

local prefix, id = ARGV[1], ARGV[2]
local pending = prefix .. 'pending:' .. ARGV[3]
local record = prefix .. 'promotion:' .. id
local over = {REJECTED = true, CANCELLED = true, LANDED = true, FAILED = true}

if redis.call('EXISTS', record) == 1 then
    return {'known'}
end

local held = redis.call('GET', pending)

if held then
    local fields = redis.call('HMGET', prefix .. 'promotion:' .. held,
                              'state', 'author', 'created_at')

    if fields[1] and not over[fields[1]] then
        return {'pending', held, fields[2] or '', fields[3] or ''}
    end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fields = tonumber(ARGV[7])

-- A key that is not what it should be ends the script: those that only tell of
-- requests come first, so that none is made in part.

local sets = {'reviews:created', 'reviews', 'promotions',
              'promotions:' .. ARGV[4], 'promotions:' .. ARGV[5]}

for _, set in ipairs(sets) do
    redis.call('ZADD', prefix .. set, now, id)

    if set ~= 'reviews:created' then
        redis.call('ZREMRANGEBYSCORE', prefix .. set, '-inf',
                   '(' .. now - ARGV[6] * 1000)
    end
end

redis.call('HSET', record, 'state', 'CREATED', 'review', 1,
           'pair', ARGV[3], 'created_at', now, 'updated_at', now,
           'source_environment', ARGV[4], 'target_environment', ARGV[5],
           unpack(ARGV, 8, 7 + fields))
redis.call('EXPIRE', record, ARGV[6])
redis.call('SET', pending, id)

return {'created', redis.call('GET', prefix .. 'promoted:' .. ARGV[3]) or ''}
