#!lua
--[[
take: the leader's next batch.  What a leader before it left in "taken" comes
first and alone, since it must be searched for on the branch.  If a search has
left it UNKNOWN, or there is none, up to n promotions, of some 16 MiB, move from
waiting to taken, a group never in part: when one of them lands, the branch has
moved, and what was unknown is known.  With them go pull requests whose
provider is to be asked again by now.  Nothing to do: the lease is released.

ARGV  prefix, lane, token, lease (ms), n

      {"batch", again, id, input, base, pushing, takes, deaths, commit, head,
       base branch, body, target, created, group, author, message, since, id,
       …}
          again: 1 if these were taken before; deaths: how many of those who
          have taken it did not come to an end of their own; commit to body:
          of a pull request that is committed, else ""; target: the API that
          a push before has written, created: 1 if it was new; author and
          message of that commit of a pull request; since: the base of the
          first push of a request that was accepted before, and failed
      {"idle"}      the lane is empty; the lease is released
      {"lost"}      the lease is somebody else's
--]]

local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'lane:' .. lane
local waiting, taken, lease = key .. ':waiting', key .. ':taken',
                              key .. ':lease'

if redis.call('GET', lease) ~= token then
    return {'lost'}
end

redis.call('PEXPIRE', lease, ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = {}

-- a record that has expired has nobody who waits for it

local function exists(id)
    return redis.call('EXISTS', prefix .. 'promotion:' .. id) == 1
end

for _, id in ipairs(redis.call('LRANGE', taken, 0, -1)) do
    if exists(id) then
        ids[#ids + 1] = id
    else
        redis.call('LREM', taken, 1, id)
    end
end

local again = #ids > 0
local alone = again

if again then
    -- one that three leaders have died with may be what kills them: it is
    -- alone, or with its group

    local groups, poor = {}, nil

    for i, id in ipairs(ids) do
        local fields = redis.call('HMGET', prefix .. 'promotion:' .. id,
                                  'takes', 'group', 'survived')

        groups[i] = fields[2] and fields[2] ~= '' and fields[2] or id

        if not poor
           and tonumber(fields[1] or 0) - tonumber(fields[3] or 0) > 3
        then
            poor = groups[i]
        end

        if fields[3] then
            alone = false
        end
    end

    if poor then
        alone = true

        local all = ids
        ids = {}

        for i, id in ipairs(all) do
            if groups[i] == poor then
                ids[#ids + 1] = id
            end
        end
    end
end

if not alone then
    local due = redis.call('ZRANGEBYSCORE', key .. ':pending', '-inf', now,
                           'LIMIT', 0, ARGV[5])

    for _, id in ipairs(due) do
        redis.call('ZREM', key .. ':pending', id)

        if exists(id) then
            redis.call('RPUSH', taken, id)
            ids[#ids + 1] = id
        end
    end

    local group, size = '', 0

    while true do
        local id = redis.call('LINDEX', waiting, 0)

        if not id then
            break
        end

        local of = redis.call('HGET', prefix .. 'promotion:' .. id, 'group')

        if (#ids >= tonumber(ARGV[5]) or size > 16777216)
           and (group == '' or of ~= group)
        then
            break
        end

        redis.call('LPOP', waiting)

        -- one that is there and not QUEUED has landed: a failover lost that
        -- it was taken, and its leader has settled it since

        if redis.call('HGET', prefix .. 'promotion:' .. id, 'state')
           == 'QUEUED'
        then
            redis.call('RPUSH', taken, id)
            ids[#ids + 1] = id
            group = of or ''
            size = size + redis.call('HSTRLEN', prefix .. 'promotion:' .. id,
                                     'input')
        end
    end
end

if #ids == 0 then
    redis.call('DEL', lease)

    if redis.call('EXISTS', key .. ':pending') == 0 then
        redis.call('SREM', prefix .. 'lanes', lane)
    end

    return {'idle'}
end

local reply = {'batch', again and 1 or 0}

for _, id in ipairs(ids) do
    local record = prefix .. 'promotion:' .. id

    local fields = redis.call('HMGET', record, 'input', 'base', 'pushing',
                              'survived', 'state', 'commit', 'pull_head',
                              'pull_base', 'pull_body', 'target_api',
                              'target_created', 'group', 'pull_author',
                              'pull_message', 'since')
    local committed = fields[5] == 'COMMITTED'

    -- what was pushed before may be on the branch

    if not committed then
        redis.call('HSET', record, 'state', fields[2] and 'UNKNOWN' or 'TAKEN',
                   'taken_at', now, 'batch_size', #ids)
    end

    local takes = redis.call('HINCRBY', record, 'takes', 1)

    reply[#reply + 1] = id
    reply[#reply + 1] = fields[1] or ''
    reply[#reply + 1] = fields[2] or ''
    reply[#reply + 1] = fields[3] or ''
    reply[#reply + 1] = takes
    reply[#reply + 1] = takes - 1 - tonumber(fields[4] or 0)

    for i = 6, 9 do
        reply[#reply + 1] = committed and fields[i] or ''
    end

    reply[#reply + 1] = fields[10] or ''
    reply[#reply + 1] = tonumber(fields[11] or 0)
    reply[#reply + 1] = fields[12] or ''

    for i = 13, 14 do
        reply[#reply + 1] = committed and fields[i] or ''
    end

    reply[#reply + 1] = fields[15] or ''
end

return reply
