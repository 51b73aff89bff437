#!lua flags=no-writes,allow-oom
--[[
history: records, newest first, that a key may see and a filter lets through.

ARGV  prefix, set ("promotions" or "promotions:<environment>"),
      from (ms, inclusive), to (ms, inclusive), cursor ("" or what a call
      before answered), limit, look (records looked at in this call),
      state, author, destination, product ("" for any),
      n, then n environments that the key sees (n = -1: all)

      {cursor ("" at the end), id, fields, id, fields, …}
          fields: {name, value, name, value, …}
--]]

local prefix, set = ARGV[1], ARGV[1] .. ARGV[2]
local limit, look = tonumber(ARGV[6]), tonumber(ARGV[7])
local wanted = {state = ARGV[8], author = ARGV[9], destination = ARGV[10],
                product = ARGV[11]}
local n = tonumber(ARGV[12])
local sees = {}

for i = 13, 12 + n do
    sees[ARGV[i]] = true
end

-- "<ms>-<id>": ids of one millisecond are in the order of their bytes

local high, last = ARGV[4], nil

if ARGV[5] ~= '' then
    local ms, id = ARGV[5]:match('^(%d+)-(.+)$')

    if not ms then
        return redis.error_reply('ERR not a cursor')
    end

    high, last = ms, id
end

local function matches(record)
    if n >= 0 and not sees[record.source_environment]
       and not sees[record.target_environment]
    then
        return false
    end

    for name, value in pairs(wanted) do
        if value ~= '' and record[name] ~= value then
            return false
        end
    end

    return true
end

local reply = {''}
local offset, found = 0, 0

while look > 0 and found < limit do
    local page = redis.call('ZREVRANGEBYSCORE', set, high, ARGV[3],
                            'WITHSCORES', 'LIMIT', offset, 100)

    if #page == 0 then
        return reply
    end

    for i = 1, #page, 2 do
        local id, ms = page[i], page[i + 1]

        -- what the page before has shown already

        if not (last and ms == high and id >= last) then
            local fields = redis.call('HGETALL', prefix .. 'promotion:' .. id)
            local record = {}

            for j = 1, #fields, 2 do
                record[fields[j]] = fields[j + 1]
            end

            if record.state and matches(record) then
                reply[#reply + 1] = id
                reply[#reply + 1] = fields
                found = found + 1
            end

            look = look - 1
        end

        if found == limit or look == 0 then
            reply[1] = ms .. '-' .. id
            return reply
        end
    end

    offset = offset + #page / 2
end

return reply
