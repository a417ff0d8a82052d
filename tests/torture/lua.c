/* Lua: a state of its own for each step, with errors that are caught by longjmp, coroutines, and a function of ours.
 *
 * SPDX-License-Identifier: MIT
 */
#include <lua5.4/lua.h>
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <string.h>
#include "torture.h"

/* Nothing in it depends on addresses: no order of pairs(), no name of a table. */
static const char script[] = "local seed = ...\n"
                             "local out, numbers = {}, {}\n"
                             "for i = 1, 60 do numbers[i] = (i * 7919 + seed * 31) % 101 end\n"
                             "table.sort(numbers, function(a, b) return computed(a) < computed(b) end)\n"
                             "out[#out + 1] = table.concat(numbers, ',')\n"
                             "local co = coroutine.wrap(function() for i = 1, 20 do coroutine.yield(i * seed) end end)\n"
                             "for i = 1, 20 do out[#out + 1] = co() end\n"
                             "for i = 1, 10 do\n"
                             "  local ok, said = pcall(function() error('failed ' .. i, 0) end)\n"
                             "  out[#out + 1] = tostring(ok) .. said\n"
                             "end\n"
                             "local s = string.rep('word ' .. seed .. ' ', 20)\n"
                             "out[#out + 1] = s:gsub('%w+', string.upper):sub(1, 200)\n"
                             "out[#out + 1] = string.format('%.14g %s', 2 ^ 0.5 * seed, s:find('d 1', 1, true))\n"
                             "collectgarbage()\n"
                             "return table.concat(out, '\\n')\n";

static int computed(lua_State *lua)
{
    compute(50);
    lua_pushvalue(lua, 1);
    return 1;
}

static size_t evaluated(unsigned seed, unsigned char *bytes, size_t room)
{
    lua_State *lua = luaL_newstate();
    size_t length = 0;

    if (!lua)
        return 0;
    luaL_openlibs(lua);
    lua_register(lua, "computed", computed);
    if (luaL_loadstring(lua, script) == LUA_OK) {
        lua_pushinteger(lua, seed + 1);
        if (lua_pcall(lua, 1, 1, 0) == LUA_OK) {
            const char *text = lua_tolstring(lua, -1, &length);
            length = length < room ? length : room;
            memcpy(bytes, text, length);
        }
    }
    lua_close(lua);
    return length;
}

static struct results results = {.fn = evaluated};

static void prepare(void)
{
    results_prepare(&results);
}

WORKLOAD(lua, .prepare = prepare)
{
    results_compare(&results, w);
}
