# The CUDA half of the benchmark, with the runtime linked statically: the program starts on a machine without a driver.
set(TOPKIT_CCCL "" CACHE PATH "Include folder of a CCCL newer than the CUDA toolkit's, for the peers of the benchmark")
set(TOPKIT_FLASHINFER "" CACHE PATH "Include folder of FlashInfer, for the peers of the benchmark")
set(TOPKIT_RAFT "" CACHE PATH "Where pip put libraft-cu13, librmm-cu13 and rapids-logger, for the peers of the benchmark")

file(GLOB TOPKIT_BENCH_CUDA CONFIGURE_DEPENDS cuda_*.cpp cuda_*.cu peers/cuda_*.cpp peers/cub_sort.cu)
target_sources(topkit_bench PRIVATE ${TOPKIT_BENCH_CUDA})
target_include_directories(topkit_bench SYSTEM PRIVATE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
if(TOPKIT_CCCL)  # not SYSTEM: nvcc searches the toolkit's before those
  set_property(SOURCE peers/cub_sort.cu peers/cub_topk.cu APPEND PROPERTY INCLUDE_DIRECTORIES ${TOPKIT_CCCL})
endif()
set_target_properties(topkit_bench PROPERTIES
  CUDA_ARCHITECTURES "${TOPKIT_BENCH_ARCHITECTURES}" CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF
  CUDA_RUNTIME_LIBRARY Static CUDA_RESOLVE_DEVICE_SYMBOLS OFF)
target_compile_options(topkit_bench PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)

# What the headers that were found can be measured beside us.
find_path(TOPKIT_CUB_TOPK_INCLUDE cub/device/device_batched_topk.cuh
  PATHS ${TOPKIT_CCCL} ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES} NO_DEFAULT_PATH)
if(TOPKIT_CUB_TOPK_INCLUDE)
  target_sources(topkit_bench PRIVATE peers/cub_topk.cu)
  set_property(SOURCE peers/cuda_peer.cpp APPEND PROPERTY COMPILE_DEFINITIONS TOPKIT_CUB_TOPK)
endif()
find_path(TOPKIT_FLASHINFER_INCLUDE flashinfer/topk.cuh PATHS ${TOPKIT_FLASHINFER} NO_DEFAULT_PATH)
if(TOPKIT_FLASHINFER_INCLUDE)
  target_sources(topkit_bench PRIVATE peers/flashinfer_topk.cu)
  set_property(SOURCE peers/flashinfer_topk.cu APPEND PROPERTY INCLUDE_DIRECTORIES ${TOPKIT_FLASHINFER_INCLUDE})
  set_property(SOURCE peers/cuda_peer.cpp APPEND PROPERTY COMPILE_DEFINITIONS TOPKIT_FLASHINFER)
endif()
find_path(TOPKIT_RAFT_INCLUDE raft/matrix/select_k.cuh PATHS ${TOPKIT_RAFT}/libraft/include NO_DEFAULT_PATH)
if(TOPKIT_RAFT_INCLUDE)
  target_sources(topkit_bench PRIVATE peers/raft_select_k.cu)
  set_source_files_properties(peers/raft_select_k.cu PROPERTIES
    COMPILE_OPTIONS --expt-extended-lambda
    INCLUDE_DIRECTORIES "${TOPKIT_RAFT_INCLUDE};${TOPKIT_RAFT_INCLUDE}/rapids;${TOPKIT_RAFT}/librmm/include;${TOPKIT_RAFT}/rapids_logger/include")
  set_property(SOURCE peers/cuda_peer.cpp APPEND PROPERTY COMPILE_DEFINITIONS TOPKIT_RAFT)
  target_link_libraries(topkit_bench PRIVATE
    ${TOPKIT_RAFT}/librmm/lib64/librmm.so ${TOPKIT_RAFT}/rapids_logger/lib64/librapids_logger.so)
endif()
