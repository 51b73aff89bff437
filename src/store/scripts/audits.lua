#!lua flags=no-writes,allow-oom
--[[
audits: entries of the audit stream that a filter lets through, newest first,
and how many there are.  One call looks at so many entries, and some 4 MiB; the
next goes on where it ended.

ARGV  prefix, from where ("+", or what a call before answered), oldest time to
      look at (ms), entries to look at, entries to pass by, most to answer,
      createdAt from and to (ms, both inclusive),
      1: also what is of no organization,
      organizationId, environmentId, referenceType, referenceId, event
      ("" for any)

      {where to go on ("" at the end), matching entries (of those that were
       looked at), fields, …}
          fields: {name, value, name, value, …}
--]]

local stream = ARGV[1] .. 'audit'
local at, oldest, look = ARGV[2], ARGV[3], tonumber(ARGV[4])
local skip, limit = tonumber(ARGV[5]), tonumber(ARGV[6])
local from, to = tonumber(ARGV[7]), tonumber(ARGV[8])
local wanted = {organizationId = ARGV[10], environmentId = ARGV[11],
                referenceType = ARGV[12], referenceId = ARGV[13],
                event = ARGV[14]}

local function matches(entry)
    local created = tonumber(entry.createdAt)

    if not created or created < from or created > to then
        return false
    end

    for name, value in pairs(wanted) do
        if value ~= '' and entry[name] ~= value
           and not (name == 'organizationId' and ARGV[9] == '1'
                    and entry[name] == '')
        then
            return false
        end
    end

    return true
end

local reply = {'', 0}
local found, size = 0, 0

while look > 0 and size < 4194304 do
    local page = redis.call('XREVRANGE', stream, at, oldest,
                            'COUNT', math.min(look, 50))

    if #page == 0 then
        reply[1], reply[2] = '', found
        return reply
    end

    for _, item in ipairs(page) do
        local fields, entry = item[2], {}

        for i = 1, #fields, 2 do
            entry[fields[i]] = fields[i + 1]
            size = size + #fields[i + 1]
        end

        if matches(entry) then
            found = found + 1

            if found > skip and #reply - 2 < limit then
                reply[#reply + 1] = fields
            end
        end
    end

    look = look - #page
    at = '(' .. page[#page][1]
end

reply[1], reply[2] = at, found

return reply
