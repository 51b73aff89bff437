#!lua flags=allow-oom
--[[
follow: what has become of a pull request, said by its provider.  MERGED is
its end; a closed one may be opened again.  Saying it twice changes nothing,
nor does saying late what is no longer so.

ARGV  prefix, name ("<key>#<number>" of its repository), state (OPEN, MERGED
      or CLOSED), merge commit, or "", a digest of what was sent, if it is to
      be heard only once, or "", when it became so by the provider's clock (s
      since 1970; 0: not said)

      the number of records that have changed
--]]

--@version
local prefix, state = ARGV[1], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local changed, newest = 0, 0

-- a clock that is far ahead would make all that follows late

local function sane(seconds)
    seconds = tonumber(seconds or 0) or 0

    return seconds <= now / 1000 + 86400 and seconds or 0
end

local told = sane(ARGV[6])

local ids = redis.call('ZRANGE', prefix .. 'pull:' .. ARGV[2], 0, -1)

-- it may be known here in a moment, when the word of its opening comes:
-- "settle" looks for this

if #ids == 0 then
    local early = prefix .. 'early:' .. ARGV[2]
    local old, at = (redis.call('GET', early) or '')
                    :match('^(%u+) %x* (%d+)$')

    if old ~= 'MERGED'
       and (state == 'MERGED' or told == 0 or told >= tonumber(at or 0))
    then
        redis.call('SET', early, state .. ' ' .. ARGV[4] .. ' ' .. told,
                   'EX', 900)
    end

    return 0
end

local records = {}

for i, id in ipairs(ids) do
    records[i] = redis.call('HMGET', prefix .. 'promotion:' .. id, 'state',
                            'pull_merge_commit', 'destination', 'version_to',
                            'pull_changed')
    newest = math.max(newest, sane(records[i][5]))
end

-- deliveries come in any order; that it was merged is true whenever it comes

if state ~= 'MERGED' and told > 0 and told < newest then
    return 0
end

-- an old word of a provider, sent again, is not its last one

if ARGV[5] ~= ''
   and not redis.call('SET', prefix .. 'hook:' .. ARGV[5], 1, 'NX',
                      'EX', 604800)
then
    return 0
end

for i, id in ipairs(ids) do
    local record = prefix .. 'promotion:' .. id
    local old = records[i]

    if told > newest and (old[1] == 'OPEN' or old[1] == 'CLOSED') then
        redis.call('HSET', record, 'pull_changed', told)
    end

    if (old[1] == 'OPEN' or old[1] == 'CLOSED') and old[1] ~= state then
        redis.call('HSET', record, 'state', state,
                   state == 'OPEN' and 'reopened_at' or state:lower() .. '_at',
                   now)
        changed = changed + 1

        if state == 'MERGED' then
            at_version(prefix, now, old[3], old[4], id)
        end
    end

    if state == 'MERGED' and ARGV[4] ~= ''
       and (old[1] == 'OPEN' or old[1] == 'CLOSED'
            or (old[1] == 'MERGED' and (old[2] or '') == ''))
    then
        redis.call('HSET', record, 'pull_merge_commit', ARGV[4])
    end
end

return changed
