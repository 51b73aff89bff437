#!lua flags=no-writes,allow-oom
--[[
reviews: requests, newest first, that a key may see and a filter lets through.

ARGV  prefix, from (ms, inclusive), to (ms, inclusive), cursor ("" or what a
      call before answered), limit, skip (those that match and are passed by),
      look (records looked at in this call), bytes of definitions that may
      still be given (0: none at all),
      organization, api, target environment's id, author's key ("" for any),
      n, then n states (0: any),
      n, then n environments that the key sees (n = -1: all)

      {cursor ("" at the end), skip (what is left of it), bytes (what is left),
       id, {field, value, …}, id, …}
--]]

local prefix = ARGV[1]
local limit, skip, look = tonumber(ARGV[5]), tonumber(ARGV[6]),
                          tonumber(ARGV[7])
local bytes = tonumber(ARGV[8])
local wanted = {organization = ARGV[9], api_id = ARGV[10],
                target_id = ARGV[11], key = ARGV[12]}
local n = tonumber(ARGV[13])
local states, sees = {}, {}
local any = n == 0

for i = 14, 13 + n do
    states[ARGV[i]] = true
end

local at = 14 + n
local seen = tonumber(ARGV[at])

for i = at + 1, at + seen do
    sees[ARGV[i]] = true
end

local names = {'state', 'review', 'asked', 'organization', 'source_environment',
               'target_environment', 'source_id', 'source_title', 'target_id',
               'target_title', 'created_at', 'updated_at', 'author',
               'author_email', 'key', 'comment', 'api_id', 'subject', 'source',
               'destination', 'target_api', 'decider', 'decider_email',
               'decider_key', 'decided_at', 'reason', 'source_revision',
               'digest', 'commit', 'message'}

local function matches(record)
    if not record.state
       or (seen >= 0 and not sees[record.source_environment]
           and not sees[record.target_environment])
    then
        return false
    end

    for name, value in pairs(wanted) do
        if value ~= '' and record[name] ~= value then
            return false
        end
    end

    return any or states[record.state]
end

-- "<ms>-<id>": ids of one millisecond are in the order of their bytes

local high, last = ARGV[3], nil

if ARGV[4] ~= '' then
    high, last = ARGV[4]:match('^(%d+)-(.+)$')

    if not high then
        return redis.error_reply('ERR not a cursor')
    end
end

local reply = {'', skip, bytes}
local offset, found = 0, 0

while look > 0 and found < limit do
    local page = redis.call('ZREVRANGEBYSCORE', prefix .. 'reviews', high,
                            ARGV[2], 'WITHSCORES', 'LIMIT', offset, 100)

    if #page == 0 then
        return reply
    end

    for i = 1, #page, 2 do
        local id, ms = page[i], page[i + 1]

        if not (last and ms == high and id >= last) then
            local key = prefix .. 'promotion:' .. id
            local values = redis.call('HMGET', key, unpack(names))
            local record, fields = {}, {}

            for j, name in ipairs(names) do
                if values[j] then
                    record[name] = values[j]
                    fields[#fields + 1] = name
                    fields[#fields + 1] = values[j]
                end
            end

            look = look - 1

            if matches(record) then
                if skip > 0 then
                    skip = skip - 1

                else
                    local size = bytes > 0
                                 and redis.call('HSTRLEN', key, 'definition')
                                 or 0

                    if size > 0 and size <= bytes then
                        fields[#fields + 1] = 'definition'
                        fields[#fields + 1] = redis.call('HGET', key,
                                                         'definition')
                        bytes = bytes - size
                    end

                    reply[#reply + 1] = id
                    reply[#reply + 1] = fields
                    found = found + 1
                end
            end
        end

        if found == limit or look == 0 then
            reply[1] = ms .. '-' .. id
            reply[2] = skip
            reply[3] = bytes
            return reply
        end
    end

    offset = offset + #page / 2
end

reply[2] = skip

return reply
