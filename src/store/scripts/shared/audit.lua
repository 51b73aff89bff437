--[[
audit: appends entries to the audit stream, for every script that changes
state.  A script has these two functions where its line "--@audit" stands;
src/store/pm_store_audit.h is the manual of entries, and of what proves them.

A block in ARGV is a number n, then n times the values of audit_names and the
digest over them.

      at = audited(prefix, retention, at)    appends the block at ARGV[at]
      at = unaudited(at)                     passes it by

Both answer where the block ends.  retention: seconds; "" or 0: for ever.
First the entries, then the change: if they cannot be recorded Redis ends the
script there, and nothing has changed.
--]]

local audit_names = {'id', 'referenceType', 'referenceId', 'organizationId',
                     'environmentId', 'user', 'userName', 'keyId',
                     'createdAt', 'event', 'properties', 'patch'}

local function unaudited(at)
    return at + 1 + tonumber(ARGV[at]) * (#audit_names + 1)
end

-- what is older than the retention goes, at least as fast as entries come

local function audit_trim(stream, tail, retention, n)
    local old = redis.call('XRANGE', stream, '-',
                           (redis.call('TIME')[1] - retention) * 1000,
                           'COUNT', math.min(n + 16, 1000))
    local ids = {}

    for i, entry in ipairs(old) do
        ids[i] = entry[1]
    end

    if #ids == 0 then
        return
    end

    local last = old[#ids][2]

    redis.call('XDEL', stream, unpack(ids))

    local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]

    redis.call('HSET', tail, 'before', last[#last], 'oldest',
               first and first[1] or '')
    redis.call('HINCRBY', tail, 'trimmed', #ids)
end

local function audited(prefix, retention, at)
    local stream, tail = prefix .. 'audit', prefix .. 'audit:tail'
    local n, past = tonumber(ARGV[at]), unaudited(at)

    if n == 0 then
        return past
    end

    local held = redis.call('HMGET', tail, 'chain', 'oldest')
    local chain, oldest = held[1] or '', held[2] or ''

    for i = at + 1, past - 1, #audit_names + 1 do
        local entry = {}

        for j, name in ipairs(audit_names) do
            entry[2 * j - 1] = name
            entry[2 * j] = ARGV[i + j - 1]
        end

        local digest = ARGV[i + #audit_names]

        chain = redis.sha1hex(chain .. digest)

        entry[#entry + 1] = 'digest'
        entry[#entry + 1] = digest
        entry[#entry + 1] = 'chain'
        entry[#entry + 1] = chain

        local id = redis.call('XADD', stream, '*', unpack(entry))

        if oldest == '' then
            oldest = id
        end
    end

    redis.call('HSET', tail, 'chain', chain, 'oldest', oldest)
    redis.call('HINCRBY', tail, 'count', n)

    retention = tonumber(retention) or 0

    if retention > 0 then
        audit_trim(stream, tail, retention, n)
    end

    return past
end
