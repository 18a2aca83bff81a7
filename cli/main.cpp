#include <cstdio>

#include "topkit/topkit.h"

int main() { std::printf("topkit %s\n", tk_version()); }
