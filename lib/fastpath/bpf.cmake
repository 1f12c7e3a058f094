# SPDX-License-Identifier: Apache-2.0
# The BPF programs as skeletons: generated/fastpath/NAME.skel.h out of fastpath/NAME.bpf.c.
set(VTAPD_FASTPATH AUTO CACHE STRING "the fast path (needs libbpf, clang, bpftool): ON | OFF | AUTO")

if(NOT VTAPD_FASTPATH STREQUAL OFF)
	pkg_check_modules(LIBBPF IMPORTED_TARGET libbpf>=0.7)
	find_program(BPF_CLANG NAMES clang clang-19 clang-16 clang-15 clang-14)
	# Debian keeps it where only root looks
	find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /usr/local/sbin)
	if(LIBBPF_FOUND AND BPF_CLANG AND BPFTOOL)
		set(VTAPD_HAS_FASTPATH TRUE)
	elseif(VTAPD_FASTPATH STREQUAL ON)
		message(FATAL_ERROR "the fast path needs libbpf, clang and bpftool")
	endif()
endif()
if(VTAPD_HAS_FASTPATH)
	message(STATUS "fast path: built")
else()
	message(STATUS "fast path: left out")
endif()

execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch OUTPUT_VARIABLE BPF_MULTIARCH
	OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)

# -mcpu=v3: since Linux 5.1. Debug information is for libbpf (BTF), and for who reads the verifier's log.
function(vtap_bpf_skeleton name)
	set(source ${PROJECT_SOURCE_DIR}/lib/fastpath/${name}.bpf.c)
	set(folder ${PROJECT_BINARY_DIR}/generated/fastpath)
	set(compiled ${folder}/${name}.compiled.o)
	set(object ${folder}/${name}.bpf.o) # without what only a debugger reads
	file(MAKE_DIRECTORY ${folder})
	add_custom_command(OUTPUT ${folder}/${name}.skel.h
		COMMAND ${BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror
			-fdebug-prefix-map=${PROJECT_SOURCE_DIR}=. -iquote ${PROJECT_SOURCE_DIR}/lib
			-isystem /usr/include/${BPF_MULTIARCH} -MD -MF ${compiled}.d -MT ${folder}/${name}.skel.h
			-c ${source} -o ${compiled}
		COMMAND ${BPFTOOL} gen object ${object} ${compiled}
		COMMAND ${BPFTOOL} gen skeleton ${object} name vtap_${name}_bpf > ${folder}/${name}.skel.h
		DEPENDS ${source}
		DEPFILE ${compiled}.d
		VERBATIM)
endfunction()
