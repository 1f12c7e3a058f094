# SPDX-License-Identifier: Apache-2.0
# Makes one HTML file of the page's parts, and C of that: the page, and its Content-Security-Policy, which lets a
# browser use this style and this script, by their hashes, and nothing else.
# usage: cmake -DFOLDER=daemon/page -DSCRIPTS=a.js,b.js -DVERSION=1.2.3 -DOUT=page.c -P join.cmake
cmake_minimum_required(VERSION 3.22)

# The standard alphabet of RFC 4648, section 4
set(BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

# csp_hash(TEXT RET): TEXT's hash as a policy has it. Of the 64 hexadecimal digits of SHA-256 each three make two digits
# of base 64; the last one makes one, with two bits of nothing, and a sign that one is missing.
function(csp_hash text ret)
	string(SHA256 hex "${text}")
	set(hash "")
	foreach(begin RANGE 0 60 3)
		string(SUBSTRING ${hex} ${begin} 3 digits)
		math(EXPR high "0x${digits} >> 6")
		math(EXPR low "0x${digits} & 63")
		string(SUBSTRING ${BASE64} ${high} 1 high)
		string(SUBSTRING ${BASE64} ${low} 1 low)
		string(APPEND hash ${high}${low})
	endforeach()
	string(SUBSTRING ${hex} 63 1 digit)
	math(EXPR last "0x${digit} << 2")
	string(SUBSTRING ${BASE64} ${last} 1 last)
	set(${ret} "'sha256-${hash}${last}='" PARENT_SCOPE)
endfunction()

file(READ ${FOLDER}/index.html html)
file(READ ${FOLDER}/style.css style)
set(script "\"use strict\";\n")
string(REPLACE "," ";" scripts ${SCRIPTS})
foreach(name IN LISTS scripts)
	file(READ ${FOLDER}/${name} part)
	string(APPEND script "\n${part}")
endforeach()

csp_hash("${style}" style_hash)
csp_hash("${script}" script_hash)
set(policy "default-src 'none'; connect-src 'self'; style-src ${style_hash}; script-src ${script_hash}; ")
string(APPEND policy "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")

string(REPLACE "@VERSION@" "${VERSION}" html "${html}")
string(REPLACE "@STYLE@" "${style}" html "${html}")
string(REPLACE "@SCRIPT@" "${script}" html "${html}")
string(REGEX REPLACE "c$" "html" page ${OUT})
file(WRITE ${page} "${html}")
file(READ ${page} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "/* Made by daemon/page/join.cmake. */
#include \"daemon/page.h\"

const char vtap_page_html[] = { ${bytes}0 };
const char vtap_page_policy[] = \"${policy}\";
")
