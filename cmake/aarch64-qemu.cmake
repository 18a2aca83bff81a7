# Cross build for 64-bit Arm on Debian or Ubuntu, tests under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-aarch64;-L;/usr/aarch64-linux-gnu")

# The header-only parts are the host's, but /usr/include as a whole would hide the C library of the target: only their
# folders are shown to the compiler, and CMake is told that /usr/include needs no flag.
set(host_headers ${CMAKE_BINARY_DIR}/host-headers)
file(MAKE_DIRECTORY ${host_headers})
foreach(folder fmt dlpack CLI nlohmann)
  if(EXISTS /usr/include/${folder})
    file(CREATE_LINK /usr/include/${folder} ${host_headers}/${folder} SYMBOLIC)
  endif()
endforeach()
set(CMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES ${host_headers})
set(CMAKE_C_STANDARD_INCLUDE_DIRECTORIES ${host_headers})
set(CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES /usr/include)
set(CMAKE_C_IMPLICIT_INCLUDE_DIRECTORIES /usr/include)
execute_process(COMMAND gcc -print-multiarch OUTPUT_VARIABLE host_triplet OUTPUT_STRIP_TRAILING_WHITESPACE)
list(APPEND CMAKE_PREFIX_PATH /usr/lib/${host_triplet}/cmake)
set(TOPKIT_DLPACK_INCLUDE ${host_headers} CACHE PATH "" FORCE)
