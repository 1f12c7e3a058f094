/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page that the metrics port shows to people: one HTML file that asks /v1/status and /healthz
 * and needs nothing from elsewhere. Its parts are in daemon/page; page.c is made of them while
 * building (daemon/page/join.cmake).
 */
#pragma once

/** vtap_page_html - the whole page */
extern const char vtap_page_html[];

/** vtap_page_policy - its Content-Security-Policy */
extern const char vtap_page_policy[];
