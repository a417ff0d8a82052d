/* Lua inside goroutines that are preempted: all that programs print, and their compiled form, are those of an undisturbed run.
 *
 * SPDX-License-Identifier: MIT
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include "undisturbed.h"

static const char *const programs[] = {
    /* numbers, closures, strings */
    "local function sieve(n) local s, p = {}, {}\n"
    "  for i = 2, n do if not s[i] then p[#p + 1] = i for k = i * i, n, i do s[k] = true end end end return p end\n"
    "local p = sieve(4000) say(#p, p[#p], table.concat(p, ' ', 1, 40))\n"
    "local x = 0.5 for i = 1, 2000 do x = 3.9 * x * (1 - x) if i % 100 == 0 then say(string.format('%.17g %a', x, x)) end end\n"
    "local t = {} for i = 1, 300 do t[i] = string.rep(string.char(97 + i % 26), i % 17) .. i end\n"
    "local s = table.concat(t, ',') say(#s, (s:gsub('%a+', string.upper)), s:find('k+2%d'), s:reverse():sub(1, 60))\n"
    "for w, n in s:gmatch('(%a)%a*(%d+)') do if tonumber(n) % 37 == 0 then say(w, n) end end\n"
    "say((string.pack('>i4s2dz', number, s:sub(1, 99), x, 'end'):gsub('.', function(c) return ('%02x'):format(c:byte()) end)))\n",
    /* coroutines, errors, metatables */
    "local function walk(n) if n > 0 then walk(n - 1) coroutine.yield(n) walk(n - 1) end end\n"
    "local c, sum = coroutine.wrap(function() walk(10) return 'done' end), 0\n"
    "for i = 1, 1023 do sum = sum * 31 % 1000003 + c() end say(sum, c())\n"
    "local function deep(n) if n == 0 then error({code = number}) end local ok, e = pcall(deep, n - 1)\n"
    "  if n % 2 == 0 then error(e) end return ok, e end\n"
    "for n = 1, 40 do local ok, a, b = pcall(deep, n) say(n, ok, type(a), type(b)) end\n"
    "say(pcall(string.rep, 'x', -1), pcall(string.format, '%d', 'x'), select('#', pcall(error)))\n"
    "local v = setmetatable({}, {__index = function(_, k) return slowly(k) end, __add = function(a, b) return 'sum' end,\n"
    "  __close = function() say('closed') end, __len = function() return 7 end})\n"
    "for i = 1, 200 do say(v['k' .. i]) end say(v + 1, #v) do local w <close> = v end\n"
    "say(pcall(function() local w <close> = v slowly(nil) end))\n",
    /* sorting with a comparison in C, collecting garbage all the time */
    "local r = number + 1 local function random() r = r * 48271 % 2147483647 return r end\n"
    "for _, mode in ipairs{'incremental', 'generational'} do collectgarbage(mode)\n"
    "  local t = {} for i = 1, 1500 do t[i] = {key = random() % 1000, name = 'n' .. i, more = {i, {i}}} end\n"
    "  table.sort(t, function(a, b) if a.key ~= b.key then return less(a.key, b.key) end return less(a.name, b.name) end)\n"
    "  for i = 1, #t, 50 do say(t[i].key, t[i].name, t[i].more[2][1]) end\n"
    "  local weak = setmetatable({}, {__mode = 'k'}) for i = 1, 200 do weak[{}] = i end t = nil collectgarbage()\n"
    "  say(next(weak), collectgarbage('count') > 0) end\n"
    "local out = {} for i = 1, 400 do out[#out + 1] = utf8.char(0x20 + i * 7, 0x1000 + i) end\n"
    "local u = table.concat(out) say(utf8.len(u), u) for p, c in utf8.codes(u) do if c % 11 == 0 then say(p, c) end end\n"
    "local f = load('local a, b = ... local function g(x) return x * a + b end return g(g(g(1)))') say(f(3, number), f(1.5, 2))\n",
};

/* Lua's memory comes from the program's own text. */
static void *allocate(void *unused, void *p, size_t old_size, size_t size)
{
    (void)unused;
    (void)old_size;
    if (size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, size);
}

static struct output *output_of(lua_State *lua)
{
    return *(struct output **)lua_getextraspace(lua);
}

/* say(...) writes what it is given. */
static int say(lua_State *lua)
{
    struct output *out = output_of(lua);

    for (int i = 1; i <= lua_gettop(lua); i++) {
        size_t size;
        const char *text = luaL_tolstring(lua, i, &size);
        uint64_t sum = hash_slowly(text, size, 2);

        put(out, text, size + 1);
        put(out, &sum, sizeof sum);
        lua_pop(lua, 1);
    }
    put(out, "\n", 1);
    return 0;
}

/* slowly(text) is a number; an error, which leaves by longjmp, where there is no text. */
static int slowly(lua_State *lua)
{
    size_t size;
    const char *text = luaL_checklstring(lua, 1, &size);

    lua_pushinteger(lua, (lua_Integer)(hash_slowly(text, size, 50) >> 20));
    return 1;
}

static int less(lua_State *lua)
{
    lua_pushboolean(lua, lua_compare(lua, 1, 2, LUA_OPLT));
    return 1;
}

/* Lua calls it in the middle of any function. */
static void every_so_often(lua_State *lua, lua_Debug *unused)
{
    (void)lua;
    (void)unused;
    hash_slowly(programs[0], 100, 1);
}

static int put_code(lua_State *lua, const void *bytes, size_t size, void *arg)
{
    (void)lua;
    put(arg, bytes, size);
    return 0;
}

static void run(struct output *out, const char *program, int index)
{
    lua_State *lua = lua_newstate(allocate, NULL);

    if (!CHECK(lua != NULL))
        return;
    *(struct output **)lua_getextraspace(lua) = out;
    luaL_openlibs(lua);
    lua_register(lua, "say", say);
    lua_register(lua, "slowly", slowly);
    lua_register(lua, "less", less);
    lua_pushinteger(lua, index);
    lua_setglobal(lua, "number");
    lua_sethook(lua, every_so_often, LUA_MASKCOUNT, 100);
    if (CHECK_EQ(LUA_OK, luaL_loadbuffer(lua, program, strlen(program), "=program"))) {
        CHECK_EQ(0, lua_dump(lua, put_code, out, 0));
        if (!CHECK_EQ(LUA_OK, lua_pcall(lua, 0, 0, 0)))
            test_note("%s", lua_tostring(lua, -1));
    }
    lua_close(lua);
}

static void work(struct output *out, int index)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        run(out, programs[(i + (size_t)index) % 3], index);
}

TEST(luas_output_equals_that_of_an_undisturbed_run)
{
    check_undisturbed(work);
}
