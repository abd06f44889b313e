# The warnings and hardening of everything that is built here.
set(TALLY_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wcast-qual -Wundef -Wformat=2
  -Wimplicit-fallthrough)
set(TALLY_COMPILE_OPTIONS)
set(TALLY_LINK_OPTIONS)
if(TALLY_WERROR)
  list(APPEND TALLY_COMPILE_OPTIONS -Werror)
endif()
if(TALLY_ANALYZER)
  list(APPEND TALLY_COMPILE_OPTIONS -O1 -fanalyzer)
endif()
if(TALLY_SANITIZE)
  list(APPEND TALLY_COMPILE_OPTIONS -fsanitize=${TALLY_SANITIZE}
       -fno-sanitize-recover=all -fno-omit-frame-pointer)
  list(APPEND TALLY_LINK_OPTIONS -fsanitize=${TALLY_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND TALLY_COMPILE_OPTIONS -fstack-protector-strong
       -D_FORTIFY_SOURCE=2)
endif()

# libFuzzer wants all that it is to see compiled for it; AFL++'s compiler does
# that anyway.
if(TALLY_FUZZ AND NOT CMAKE_C_COMPILER MATCHES "afl-")
  list(APPEND TALLY_COMPILE_OPTIONS -fsanitize=fuzzer-no-link)
endif()

function(tally_target target)
  target_compile_options(${target} PRIVATE ${TALLY_WARNINGS}
                         ${TALLY_COMPILE_OPTIONS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()

function(tally_program target)
  tally_target(${target})
  target_link_options(${target} PRIVATE ${TALLY_LINK_OPTIONS})
endfunction()
