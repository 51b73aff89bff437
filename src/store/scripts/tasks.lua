#!lua flags=no-writes,allow-oom
--[[
tasks: requests that a key may decide, newest first.

ARGV  prefix, skip, limit, look (so many records, the newest of all
      environments),
      n, then n times: environment, 1 if the key may create there, 1 if it may
      update

      {how many there are (of those that were looked at), id, {field, value,
       …}, id that the API was promoted to last ("": never), id, …}
--]]

local prefix = ARGV[1]
local skip, limit, look = tonumber(ARGV[2]), tonumber(ARGV[3]),
                          tonumber(ARGV[4])
local n = tonumber(ARGV[5])
local part = math.max(math.ceil(look / math.max(n, 1)), 16)

-- the environments by the newest that each has left, the newest last

local left = {}

local function older(a, b)
    if a.ms ~= b.ms then
        return a.ms < b.ms
    end

    return a.id < b.id
end

local function put(from)
    if from.at > #from.page then
        from.page = redis.call('ZREVRANGE', from.set, from.rank,
                               from.rank + part - 1, 'WITHSCORES')
        from.at = 1
        from.rank = from.rank + part

        if #from.page == 0 then
            return
        end
    end

    from.id, from.ms = from.page[from.at], tonumber(from.page[from.at + 1])
    from.at = from.at + 2

    local low, high = 1, #left + 1

    while low < high do
        local middle = math.floor((low + high) / 2)

        if older(left[middle], from) then
            low = middle + 1
        else
            high = middle
        end
    end

    table.insert(left, low, from)
end

for i = 6, 5 + 3 * n, 3 do
    put({set = prefix .. 'tasks:' .. ARGV[i], create = ARGV[i + 1] == '1',
         update = ARGV[i + 2] == '1', rank = 0, at = 1, page = {}})
end

local found = {}

while look > 0 and #left > 0 do
    local from = table.remove(left)
    local fields = redis.call('HMGET', prefix .. 'promotion:' .. from.id,
                              'state', 'update', 'subject')
    local may = from.create

    if fields[2] == '1' or fields[3] ~= 'api' then
        may = from.update
    end

    -- one that is being accepted is nobody's task

    if may and (fields[1] == 'TO_BE_VALIDATED' or fields[1] == 'ERROR') then
        found[#found + 1] = from.id
    end

    look = look - 1
    put(from)
end

local names = {'state', 'source_title', 'target_title', 'target_environment',
               'created_at', 'author', 'author_email', 'comment', 'api_id',
               'api_name', 'subject', 'source', 'destination', 'update',
               'conflicts', 'notes', 'digest', 'input', 'pair', 'message'}
local reply = {#found}

for i = skip + 1, math.min(skip + limit, #found) do
    local values = redis.call('HMGET', prefix .. 'promotion:' .. found[i],
                              unpack(names))
    local fields, pair = {}, ''

    for j, name in ipairs(names) do
        if values[j] then
            fields[#fields + 1] = name
            fields[#fields + 1] = values[j]
            pair = name == 'pair' and values[j] or pair
        end
    end

    reply[#reply + 1] = found[i]
    reply[#reply + 1] = fields
    reply[#reply + 1] = redis.call('GET', prefix .. 'promoted:' .. pair) or ''
end

return reply
