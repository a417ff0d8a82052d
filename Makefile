# libgoroutine. `make` builds the library, `make check` tests it, `make CC=...` chooses the compiler and with it the CPU.
CC      ?= cc
OBJCOPY ?= $(patsubst %gcc,%objcopy,$(filter %-gcc,$(notdir $(CC))))
ifeq ($(OBJCOPY),)
OBJCOPY := objcopy
endif
CFLAGS  ?= -O2 -g
BUILD   ?= build

TRIPLE  := $(shell $(CC) -dumpmachine)
CPU     := $(patsubst x86_64-%,amd64,$(patsubst i686-%,386,$(TRIPLE)))
OS      := linux

GO_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -fno-plt -ftls-model=initial-exec \
             -fno-stack-protector -fno-omit-frame-pointer -Iinclude -Isrc $(CFLAGS)

SOURCES := $(wildcard src/base/*.c src/arch/$(CPU)/*.c src/arch/$(CPU)/*.S src/os/$(OS)/*.c src/sched/*.c src/chan/*.c src/sync/*.c src/time/*.c)
OBJECTS := $(patsubst src/%,$(BUILD)/src/%.o,$(SOURCES))

all: $(BUILD)/libgoroutine.a

# The library's text gets a section of its own, so that "the pc is in our text" is one comparison with exact ends.
RENAME := --rename-section .text=go_text --rename-section .text.unlikely=go_text --rename-section .text.unlikely.=go_text \
          --rename-section .text.hot=go_text --rename-section .text.hot.=go_text

$(BUILD)/src/%.c.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(GO_CFLAGS) -MMD -MP -c -o $@ $<
	$(OBJCOPY) $(RENAME) $@

$(BUILD)/src/%.S.o: src/%.S
	@mkdir -p $(@D)
	$(CC) $(GO_CFLAGS) -MMD -MP -c -o $@ $<
	$(OBJCOPY) $(RENAME) $@

$(BUILD)/libgoroutine.a: $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

clean:
	rm -rf $(BUILD)

.PHONY: all clean
-include $(OBJECTS:.o=.d)
