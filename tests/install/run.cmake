# cmake -DWAY -DSOURCE -DBUILD -DWORK -DCONFIG -DCC -DCXX -P run.cmake: installs topkit where WAY needs it, moves the
# installation away from where it was made for, then builds and runs tests/install/consumer in an empty folder.
# A library that is compiled here is so in WORK itself, which is as deep as BUILD: ccache, which has seen its sources at the
# same relative paths, has the objects.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
# A library that is built once, and used once, takes a third of the time as few units.
set(compilers -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0
  -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX})
set(consumer ${compilers} -DWAY=${WAY} -DTOPKIT_SOURCE=${SOURCE} -DTOPKIT_CUDA=OFF ${CONFIG})
set(folder ${WORK})

if(WAY MATCHES "find_package|pkg_config")
  if(CONFIG)  # another library than the one of this build
    set(BUILD ${WORK})
    run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} ${compilers} -DTOPKIT_DEVELOPER=OFF -DTOPKIT_CUDA=OFF ${CONFIG})
    run(${CMAKE_COMMAND} --build ${BUILD} --target topkit)
  endif()
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
  file(RENAME ${WORK}/first ${WORK}/prefix)
  list(APPEND consumer -DCMAKE_PREFIX_PATH=${WORK}/prefix)
  set(folder ${WORK}/consumer)
endif()

run(${CMAKE_COMMAND} -S ${SOURCE}/tests/install/consumer -B ${folder} ${consumer})
run(${CMAKE_COMMAND} --build ${folder})
run(${CMAKE_CTEST_COMMAND} --test-dir ${folder} --output-on-failure --no-tests=error)
