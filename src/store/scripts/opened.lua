#!lua flags=allow-oom
--[[
opened: the remote has reported the commits of these pull requests, each on
its head branch.  From here on a leader has only to open them.

ARGV  prefix, lane, token, lease (ms), ms since the push ended ("" if there
      was none), then for each: id, takes (what "take" answered), commit,
      digest, head, base, the commit's author and message, body

      1, or 0: they are somebody else's by now, do not open them
--]]

local prefix, lane, token = ARGV[1], ARGV[2], ARGV[3]
local lease = prefix .. 'lane:' .. lane .. ':lease'

if redis.call('GET', lease) ~= token then
    return 0
end

redis.call('PEXPIRE', lease, ARGV[4])

for i = 6, #ARGV, 9 do
    local fields = redis.call('HMGET', prefix .. 'promotion:' .. ARGV[i],
                              'state', 'takes')

    if (fields[1] ~= 'TAKEN' and fields[1] ~= 'PUSHING'
        and fields[1] ~= 'UNKNOWN' and fields[1] ~= 'COMMITTED')
       or fields[2] ~= ARGV[i + 1]
    then
        return 0
    end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for i = 6, #ARGV, 9 do
    local record = prefix .. 'promotion:' .. ARGV[i]

    redis.call('HSET', record, 'state', 'COMMITTED', 'commit', ARGV[i + 2],
               'pull_head', ARGV[i + 4],
               'pull_base', ARGV[i + 5], 'pull_author', ARGV[i + 6],
               'pull_message', ARGV[i + 7], 'pull_body', ARGV[i + 8])
    redis.call('HDEL', record, 'message')

    -- a later try has not planned it

    if ARGV[i + 3] ~= '' then
        redis.call('HSET', record, 'digest', ARGV[i + 3])
    end

    if ARGV[5] ~= '' then
        redis.call('HSETNX', record, 'pushed_at', now - ARGV[5])
    end
end

return 1
