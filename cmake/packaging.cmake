# What `cmake --install` puts down: headers, libtopkit, the program, and what find_package and pkg-config read.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(DIRECTORY include/topkit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS topkit EXPORT topkit
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
if(TARGET topkit_cuda)  # found at run time beside libtopkit, never linked
  install(TARGETS topkit_cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
endif()
if(TARGET topkit_program)
  install(TARGETS topkit_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/topkit)
install(EXPORT topkit NAMESPACE topkit:: FILE topkit-targets.cmake DESTINATION ${config_folder} COMPONENT development)
if(TOPKIT_SHARED)
  set(TOPKIT_STATIC_DEPENDENCIES "")
  set(TOPKIT_PC_PRIVATE "")
else()
  set(TOPKIT_STATIC_DEPENDENCIES "")
  set(TOPKIT_PC_PRIVATE "-lstdc++ -lm -ldl -pthread")
  if(TOPKIT_TBB)
    find_package(TBB QUIET)
  endif()
  if(TBB_FOUND)
    string(APPEND TOPKIT_STATIC_DEPENDENCIES "find_dependency(TBB)\n")
    string(APPEND TOPKIT_PC_PRIVATE " -ltbb")
  endif()
endif()
configure_package_config_file(cmake/topkit-config.cmake.in topkit-config.cmake INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(topkit-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/topkit-config.cmake ${PROJECT_BINARY_DIR}/topkit-config-version.cmake
  DESTINATION ${config_folder} COMPONENT development)

file(RELATIVE_PATH TOPKIT_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/topkit.pc.in topkit.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/topkit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)
