# SPDX-License-Identifier: Apache-2.0
# Files that vtapd-manual prints while building.

# Sanitizers of this age trip over address layouts with many random bits.
set(VTAPD_MANUAL_RUN vtapd-manual)
if(VTAPD_SANITIZE)
	execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
	if(refused EQUAL 0)
		set(VTAPD_MANUAL_RUN setarch -R $<TARGET_FILE:vtapd-manual>)
	endif()
endif()

# vtap_made(FILE WHAT [TEMPLATE]): FILE of the build folder is what `vtapd-manual WHAT TEMPLATE` prints
function(vtap_made file what)
	set(path ${CMAKE_CURRENT_BINARY_DIR}/${file})
	add_custom_command(OUTPUT ${path}
		COMMAND ${VTAPD_MANUAL_RUN} ${what} ${ARGN} > ${path}
		DEPENDS vtapd-manual ${ARGN} VERBATIM)
	add_custom_target(made-${file} ALL DEPENDS ${path})
endfunction()

# vtap_made_page(NAME.SECTION): NAME.SECTION.in of this folder with the tables filled in, installed
function(vtap_made_page page)
	string(REGEX MATCH "[0-9]$" section ${page})
	vtap_made(${page} page ${CMAKE_CURRENT_SOURCE_DIR}/${page}.in)
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endfunction()
