# tally_static_archive(TARGET FILE): one archive in which only tally_* is
# visible, so that a static link meets no name of the internals.
function(tally_static_archive target file)
  set(archive ${PROJECT_BINARY_DIR}/${file})
  set(object ${PROJECT_BINARY_DIR}/tally-one.o)
  add_custom_command(
    OUTPUT ${archive}
    COMMAND ${CMAKE_LINKER} -r -o ${object} ${TALLY_OBJECTS}
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} rcs ${archive} ${object}
    DEPENDS proto core api ${TALLY_OBJECTS}
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(${target}_archive ALL DEPENDS ${archive})
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${archive}
    INTERFACE_INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/api)
  if(TALLY_STATIC_TOOL)
    find_library(UV_ARCHIVE NAMES libuv_a.a libuv.a REQUIRED)
    set(libraries ${UV_ARCHIVE})
    if(TALLY_TLS)
      find_library(SSL_ARCHIVE NAMES libssl.a REQUIRED)
      find_library(CRYPTO_ARCHIVE NAMES libcrypto.a REQUIRED)
      list(APPEND libraries ${SSL_ARCHIVE} ${CRYPTO_ARCHIVE})
    endif()
    if(TALLY_LZ4)
      find_library(LZ4_ARCHIVE NAMES liblz4.a REQUIRED)
      list(APPEND libraries ${LZ4_ARCHIVE})
    endif()
  else()
    set(libraries ${TALLY_LIBRARIES})
  endif()
  target_link_libraries(${target} INTERFACE ${libraries} Threads::Threads
                        ${CMAKE_DL_LIBS} ${TALLY_LINK_OPTIONS})
  add_dependencies(${target} ${target}_archive)
endfunction()
