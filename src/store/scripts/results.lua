#!lua flags=no-writes,allow-oom
--[[
results: what has become of promotions that somebody waits for.

ARGV  prefix, id, …

      for each that is final, that waits for its pull request (COMMITTED), or
      that is not here (its state is then ""): id, state, status, message,
      commit, number, url, head and base of the pull request, author and
      message of its commit
--]]

local final = {LANDED = true, FAILED = true, CANCELLED = true, OPEN = true,
               MERGED = true, CLOSED = true, COMMITTED = true}
local reply = {}

-- who waits for a request has accepted it: it has been settled if it is open
-- to decisions again

local open = {TO_BE_VALIDATED = true, ERROR = true, REJECTED = true}

for i = 2, #ARGV do
    local fields = redis.call('HMGET', ARGV[1] .. 'promotion:' .. ARGV[i],
                              'state', 'status', 'message', 'commit',
                              'pull_number', 'pull_url', 'pull_head',
                              'pull_base', 'pull_author', 'pull_message')

    if not fields[1] or final[fields[1]] or open[fields[1]] then
        reply[#reply + 1] = ARGV[i]

        for j = 1, 10 do
            reply[#reply + 1] = fields[j] or ''
        end
    end
end

return reply
