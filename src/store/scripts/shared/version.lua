-- An application is at this version since now, by a promotion; the newest
-- word counts.

local function at_version(prefix, now, application, version, id)
    if application and application ~= '' and version and version ~= '' then
        redis.call('HSET', prefix .. 'versions', application,
                   string.format('%d %s %s', now, id, version))
    end
end
