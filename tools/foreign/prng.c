/* The one function of bcryptprimitives.dll, which wine 8.0 lacks and Rust's standard library calls. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    const ULONG most = 1 << 16;
    for (; length > most; buffer += most, length -= most)
        if (!SystemFunction036(buffer, most))
            return FALSE;
    return SystemFunction036(buffer, (ULONG)length);
}
