#!lua flags=no-writes,allow-oom
--[[
tasks: requests that a key may decide, newest first.

ARGV  prefix, skip, limit, look (of each environment),
      n, then n times: environment, 1 if the key may create there, 1 if it may
      update

      {how many there are, id, {field, value, …}, id that the API was promoted
       to last ("": never), id, …}
--]]

local prefix = ARGV[1]
local skip, limit, look = tonumber(ARGV[2]), tonumber(ARGV[3]),
                          tonumber(ARGV[4])
local found = {}

for i = 6, 5 + 3 * tonumber(ARGV[5]), 3 do
    local set = prefix .. 'tasks:' .. ARGV[i]
    local page = redis.call('ZREVRANGE', set, 0, look - 1, 'WITHSCORES')

    for j = 1, #page, 2 do
        local fields = redis.call('HMGET', prefix .. 'promotion:' .. page[j],
                                  'state', 'update', 'subject')
        local may = ARGV[i + 1] == '1'

        if fields[2] == '1' or fields[3] ~= 'api' then
            may = ARGV[i + 2] == '1'
        end

        -- one that is being accepted is nobody's task

        if may and (fields[1] == 'TO_BE_VALIDATED' or fields[1] == 'ERROR')
        then
            found[#found + 1] = {id = page[j], ms = tonumber(page[j + 1])}
        end
    end
end

table.sort(found, function(a, b)
    if a.ms ~= b.ms then
        return a.ms > b.ms
    end

    return a.id > b.id
end)

local names = {'state', 'source_title', 'target_title', 'target_environment',
               'created_at', 'author', 'author_email', 'comment', 'api_id',
               'api_name', 'subject', 'source', 'destination', 'update',
               'conflicts', 'notes', 'digest', 'input', 'pair', 'message'}
local reply = {#found}

for i = skip + 1, math.min(skip + limit, #found) do
    local values = redis.call('HMGET', prefix .. 'promotion:' .. found[i].id,
                              unpack(names))
    local fields, pair = {}, ''

    for j, name in ipairs(names) do
        if values[j] then
            fields[#fields + 1] = name
            fields[#fields + 1] = values[j]
            pair = name == 'pair' and values[j] or pair
        end
    end

    reply[#reply + 1] = found[i].id
    reply[#reply + 1] = fields
    reply[#reply + 1] = redis.call('GET', prefix .. 'promoted:' .. pair) or ''
end

return reply
