package dev.heddle.core.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.core.machine.Operand.At;
import dev.heddle.core.machine.Operand.Zmm;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Instructions against the bytes that GNU as (`.intel_syntax noprefix`) has for the same text. Where it picks a shorter
/// encoding, the bytes are those of [Assembler], which `objdump` reads as that text.
class AssemblerTest {
    private static final Pattern OPERAND = Pattern.compile(
            "\\[(?<base>\\w+)(\\+zmm(?<index>\\d+)\\*1)?(?<displacement>[+-]\\d+)?](?<each>\\{1to16})?"
                    + "|[xz]mm(?<zmm>\\d+)|\\{?\\bk(?<k>\\d)\\b}?|(?<gp>[a-z]\\w+)|(?<number>-?\\d+)");

    private static final String TABLE = """
            4889d0                 mov rax, rdx
            4c89c1                 mov rcx, r8
            4989f1                 mov r9, rsi
            4889ff                 mov rdi, rdi
            4d89da                 mov r10, r11
            4989c3                 mov r11, rax
            4d89c8                 mov r8, r9
            4c89d6                 mov rsi, r10
            b800000000             mov eax, 0
            b901000000             mov ecx, 1
            baffffffff             mov edx, -1
            be78563412             mov esi, 305419896
            bf00000080             mov edi, -2147483648
            41b8ffffff7f           mov r8d, 2147483647
            41b900010000           mov r9d, 256
            41baffff0000           mov r10d, 65535
            41bb80ffffff           mov r11d, -128
            4801d0                 add rax, rdx
            4c01c1                 add rcx, r8
            4901f1                 add r9, rsi
            4801ff                 add rdi, rdi
            4d01da                 add r10, r11
            4901c3                 add r11, rax
            4d01c8                 add r8, r9
            4c01d6                 add rsi, r10
            4881c040000000         add rax, 64
            4881c1c0ffffff         add rcx, -64
            4881c201000000         add rdx, 1
            4881c600100000         add rsi, 4096
            4881c7ffffffff         add rdi, -1
            4981c080000000         add r8, 128
            4981c100000080         add r9, -2147483648
            4981c2ffffff7f         add r10, 2147483647
            4981c300000000         add r11, 0
            48ffc8                 dec rax
            48ffc9                 dec rcx
            48ffca                 dec rdx
            48ffce                 dec rsi
            48ffcf                 dec rdi
            49ffc8                 dec r8
            49ffc9                 dec r9
            49ffca                 dec r10
            49ffcb                 dec r11
            c3                     ret

            c5f446c9               kxnorw k1, k1, k1
            c5ec46d2               kxnorw k2, k2, k2
            c5e446db               kxnorw k3, k3, k3
            c5dc46e4               kxnorw k4, k4, k4
            c5d446ed               kxnorw k5, k5, k5
            c5cc46f6               kxnorw k6, k6, k6
            c5c446ff               kxnorw k7, k7, k7
            c5f447c9               kxorw k1, k1, k1
            c5ec47d2               kxorw k2, k2, k2
            c5e447db               kxorw k3, k3, k3
            c5dc47e4               kxorw k4, k4, k4
            c5d447ed               kxorw k5, k5, k5
            c5cc47f6               kxorw k6, k6, k6
            c5c447ff               kxorw k7, k7, k7
            c5dc45ce               korw k1, k4, k6
            c5d445d7               korw k2, k5, k7
            c5cc45d9               korw k3, k6, k1
            c5c445e2               korw k4, k7, k2
            c5f445eb               korw k5, k1, k3
            c5ec45f4               korw k6, k2, k4
            c5e445fd               korw k7, k3, k5
            c5f893c1               kmovw eax, k1
            c5f893ca               kmovw ecx, k2
            c5f893d3               kmovw edx, k3
            c5f893f4               kmovw esi, k4
            c5f893fd               kmovw edi, k5
            c5f893c6               kmovw eax, k6
            c5f893d7               kmovw edx, k7

            c5f877                 vzeroupper
            62f17c48104f00         vmovups zmm1, [rdi]
            62517c48104801         vmovups zmm9, [r8+64]
            62e17c48108821000000   vmovups zmm17, [rax+33]
            62617c481072ff         vmovups zmm30, [rdx-64]
            62f17c48108fc0dfffff   vmovups zmm1, [rdi-8256]
            62517c48114800         vmovups [r8], zmm9
            62e17c48114802         vmovups [rax+128], zmm17
            62617c4811b200200000   vmovups [rdx+8192], zmm30
            62f17c48114f80         vmovups [rdi-8192], zmm1
            62517c481188e0ffffff   vmovups [r8-32], zmm9
            62617e48117200         vmovss [rdx], xmm30
            62f17e48114f05         vmovss [rdi+20], xmm1
            62517e48118807000000   vmovss [r8+7], xmm9
            62e17e48114880         vmovss [rax-512], xmm17
            62617e4811b2faffffff   vmovss [rdx-6], xmm30
            62e17e48114a7f         vmovss [rdx+508], xmm17
            62417e481170ff         vmovss [r8-4], xmm30
            62d17c4828c9           vmovaps zmm1, zmm9
            62317c4828c9           vmovaps zmm9, zmm17
            62817c4828ce           vmovaps zmm17, zmm30
            62617c4828f1           vmovaps zmm30, zmm1
            62217c4828f1           vmovaps zmm30, zmm17
            62627d48187200         vbroadcastss zmm30, [rdx]
            62f27d48184f05         vbroadcastss zmm1, [rdi+20]
            62527d48188807000000   vbroadcastss zmm9, [r8+7]
            62e27d48184880         vbroadcastss zmm17, [rax-512]
            62627d4818b2faffffff   vbroadcastss zmm30, [rdx-6]
            62f27d487cc8           vpbroadcastd zmm1, eax
            62727d487cc9           vpbroadcastd zmm9, ecx
            62e27d487cca           vpbroadcastd zmm17, edx
            62627d487cf6           vpbroadcastd zmm30, esi
            62627d487cf7           vpbroadcastd zmm30, edi
            62b27d49904c0f00       vpgatherdd zmm1{k1}, [rdi+zmm9*1]
            62527d42904c0801       vpgatherdd zmm9{k2}, [r8+zmm17*1+4]
            62a27d43908c3002000000 vpgatherdd zmm17{k3}, [rax+zmm30*1+2]
            62627d4c90740a80       vpgatherdd zmm30{k4}, [rdx+zmm1*1-512]
            62927d45908c30faffffff vpgatherdd zmm1{k5}, [r8+zmm30*1-6]
            62727d4e904c087f       vpgatherdd zmm9{k6}, [rax+zmm1*1+508]
            62a27d4f908c0a00020000 vpgatherdd zmm17{k7}, [rdx+zmm9*1+512]
            62627d4190b40ffcfdffff vpgatherdd zmm30{k1}, [rdi+zmm17*1-516]
            62727d42904400ff       vpgatherdd zmm8{k2}, [rax+zmm16*1-4]
            62227d4390bc0200040000 vpgatherdd zmm31{k3}, [rdx+zmm24*1+1024]

            62b13548dbc9           vpandd zmm1, zmm9, zmm17
            62117540dbce           vpandd zmm9, zmm17, zmm30
            62e10d40dbc9           vpandd zmm17, zmm30, zmm1
            62417548dbf1           vpandd zmm30, zmm1, zmm9
            62f13548db4f00         vpandd zmm1, zmm9, [rdi]
            62517540db4801         vpandd zmm9, zmm17, [r8+64]
            62e10d40db8821000000   vpandd zmm17, zmm30, [rax+33]
            62617548db72ff         vpandd zmm30, zmm1, [rdx-64]
            62f13548db8fc0dfffff   vpandd zmm1, zmm9, [rdi-8256]
            62c10d50db4800         vpandd zmm17, zmm30, [r8]{1to16}
            62617558db7002         vpandd zmm30, zmm1, [rax+8]{1to16}
            62f13558db8a00020000   vpandd zmm1, zmm9, [rdx+512]{1to16}
            62717550db4f80         vpandd zmm9, zmm17, [rdi-512]{1to16}
            62c10d50db88feffffff   vpandd zmm17, zmm30, [r8-2]{1to16}
            62b13548efc9           vpxord zmm1, zmm9, zmm17
            62117540efce           vpxord zmm9, zmm17, zmm30
            62e10d40efc9           vpxord zmm17, zmm30, zmm1
            62417548eff1           vpxord zmm30, zmm1, zmm9
            62517540ef4800         vpxord zmm9, zmm17, [r8]
            62e10d40ef4802         vpxord zmm17, zmm30, [rax+128]
            62617548efb200200000   vpxord zmm30, zmm1, [rdx+8192]
            62f13548ef4f80         vpxord zmm1, zmm9, [rdi-8192]
            62517540ef88e0ffffff   vpxord zmm9, zmm17, [r8-32]
            62617558ef7000         vpxord zmm30, zmm1, [rax]{1to16}
            62f13558ef4a7f         vpxord zmm1, zmm9, [rdx+508]{1to16}
            62717550ef8f06000000   vpxord zmm9, zmm17, [rdi+6]{1to16}
            62c10d50ef48fd         vpxord zmm17, zmm30, [r8-12]{1to16}
            62617558efb0f9ffffff   vpxord zmm30, zmm1, [rax-7]{1to16}
            62b13548fec9           vpaddd zmm1, zmm9, zmm17
            62117540fece           vpaddd zmm9, zmm17, zmm30
            62e10d40fec9           vpaddd zmm17, zmm30, zmm1
            62417548fef1           vpaddd zmm30, zmm1, zmm9
            62e10d40fe4800         vpaddd zmm17, zmm30, [rax]
            62617548fe727f         vpaddd zmm30, zmm1, [rdx+8128]
            62f13548fe8fc2010000   vpaddd zmm1, zmm9, [rdi+450]
            62517540fe48fd         vpaddd zmm9, zmm17, [r8-192]
            62e10d40fe88bfffffff   vpaddd zmm17, zmm30, [rax-65]
            62f13558fe4a00         vpaddd zmm1, zmm9, [rdx]{1to16}
            62717550fe4f05         vpaddd zmm9, zmm17, [rdi+20]{1to16}
            62c10d50fe8807000000   vpaddd zmm17, zmm30, [r8+7]{1to16}
            62617558fe7080         vpaddd zmm30, zmm1, [rax-512]{1to16}
            62f13558fe8afaffffff   vpaddd zmm1, zmm9, [rdx-6]{1to16}
            62b13548fac9           vpsubd zmm1, zmm9, zmm17
            62117540face           vpsubd zmm9, zmm17, zmm30
            62e10d40fac9           vpsubd zmm17, zmm30, zmm1
            62417548faf1           vpsubd zmm30, zmm1, zmm9
            62617548fa7200         vpsubd zmm30, zmm1, [rdx]
            62f13548fa4f05         vpsubd zmm1, zmm9, [rdi+320]
            62517540fa8801640000   vpsubd zmm9, zmm17, [r8+25601]
            62e10d40fa4880         vpsubd zmm17, zmm30, [rax-8192]
            62617548fab200b5ffff   vpsubd zmm30, zmm1, [rdx-19200]
            62717550fa4f00         vpsubd zmm9, zmm17, [rdi]{1to16}
            62c10d50fa4801         vpsubd zmm17, zmm30, [r8+4]{1to16}
            62617558fab002000000   vpsubd zmm30, zmm1, [rax+2]{1to16}
            62f13558fa4aff         vpsubd zmm1, zmm9, [rdx-4]{1to16}
            62717550fa8ffcfdffff   vpsubd zmm9, zmm17, [rdi-516]{1to16}
            62b13548f8c9           vpsubb zmm1, zmm9, zmm17
            62117540f8ce           vpsubb zmm9, zmm17, zmm30
            62e10d40f8c9           vpsubb zmm17, zmm30, zmm1
            62417548f8f1           vpsubb zmm30, zmm1, zmm9
            62b235483dc9           vpmaxsd zmm1, zmm9, zmm17
            621275403dce           vpmaxsd zmm9, zmm17, zmm30
            62e20d403dc9           vpmaxsd zmm17, zmm30, zmm1
            624275483df1           vpmaxsd zmm30, zmm1, zmm9
            625275403d4800         vpmaxsd zmm9, zmm17, [r8]
            62e20d403d4802         vpmaxsd zmm17, zmm30, [rax+128]
            626275483db200200000   vpmaxsd zmm30, zmm1, [rdx+8192]
            62f235483d4f80         vpmaxsd zmm1, zmm9, [rdi-8192]
            625275403d88e0ffffff   vpmaxsd zmm9, zmm17, [r8-32]
            626275583d7000         vpmaxsd zmm30, zmm1, [rax]{1to16}
            62f235583d4a7f         vpmaxsd zmm1, zmm9, [rdx+508]{1to16}
            627275503d8f06000000   vpmaxsd zmm9, zmm17, [rdi+6]{1to16}
            62c20d503d48fd         vpmaxsd zmm17, zmm30, [r8-12]{1to16}
            626275583db0f9ffffff   vpmaxsd zmm30, zmm1, [rax-7]{1to16}
            62b3354825c9ca         vpternlogd zmm1, zmm9, zmm17, 202
            6213754025ceff         vpternlogd zmm9, zmm17, zmm30, 255
            62e30d4025c900         vpternlogd zmm17, zmm30, zmm1, 0
            6243754825f178         vpternlogd zmm30, zmm1, zmm9, 120
            62e30d4025480096       vpternlogd zmm17, zmm30, [rax], 150
            6263754825727fca       vpternlogd zmm30, zmm1, [rdx+8128], 202
            62f33548258fc2010000ff vpternlogd zmm1, zmm9, [rdi+450], 255
            625375402548fd00       vpternlogd zmm9, zmm17, [r8-192], 0
            62e30d402588bfffffff78 vpternlogd zmm17, zmm30, [rax-65], 120
            62f33558254a0096       vpternlogd zmm1, zmm9, [rdx]{1to16}, 150
            62737550254f05ca       vpternlogd zmm9, zmm17, [rdi+20]{1to16}, 202
            62c30d50258807000000ff vpternlogd zmm17, zmm30, [r8+7]{1to16}, 255
            6263755825708000       vpternlogd zmm30, zmm1, [rax-512]{1to16}, 0
            62f33558258afaffffff78 vpternlogd zmm1, zmm9, [rdx-6]{1to16}, 120
            62d1754872f101         vpslld zmm1, zmm9, 1
            62b1354872f110         vpslld zmm9, zmm17, 16
            6291754072f61f         vpslld zmm17, zmm30, 31
            62f10d4072f108         vpslld zmm30, zmm1, 8
            62f10d4072720004       vpslld zmm30, [rdx], 4
            62f1754872770501       vpslld zmm1, [rdi+320], 1
            62d1354872b00164000010 vpslld zmm9, [r8+25601], 16
            62f175407270801f       vpslld zmm17, [rax-8192], 31
            62f10d4072b200b5ffff08 vpslld zmm30, [rdx-19200], 8
            62f1355872770004       vpslld zmm9, [rdi]{1to16}, 4
            62d1755072700101       vpslld zmm17, [r8+4]{1to16}, 1
            62f10d5072b00200000010 vpslld zmm30, [rax+2]{1to16}, 16
            62f175587272ff1f       vpslld zmm1, [rdx-4]{1to16}, 31
            62f1355872b7fcfdffff08 vpslld zmm9, [rdi-516]{1to16}, 8
            62d1754872d101         vpsrld zmm1, zmm9, 1
            62b1354872d110         vpsrld zmm9, zmm17, 16
            6291754072d61f         vpsrld zmm17, zmm30, 31
            62f10d4072d108         vpsrld zmm30, zmm1, 8
            62f1754872570004       vpsrld zmm1, [rdi], 4
            62d1354872500101       vpsrld zmm9, [r8+64], 1
            62f1754072902100000010 vpsrld zmm17, [rax+33], 16
            62f10d407252ff1f       vpsrld zmm30, [rdx-64], 31
            62f175487297c0dfffff08 vpsrld zmm1, [rdi-8256], 8
            62d1755072500004       vpsrld zmm17, [r8]{1to16}, 4
            62f10d5072500201       vpsrld zmm30, [rax+8]{1to16}, 1
            62f1755872920002000010 vpsrld zmm1, [rdx+512]{1to16}, 16
            62f135587257801f       vpsrld zmm9, [rdi-512]{1to16}, 31
            62d175507290feffffff08 vpsrld zmm17, [r8-2]{1to16}, 8
            62d1754872e101         vpsrad zmm1, zmm9, 1
            62b1354872e110         vpsrad zmm9, zmm17, 16
            6291754072e61f         vpsrad zmm17, zmm30, 31
            62f10d4072e108         vpsrad zmm30, zmm1, 8
            62d1354872600004       vpsrad zmm9, [r8], 4
            62f1754072600201       vpsrad zmm17, [rax+128], 1
            62f10d4072a20020000010 vpsrad zmm30, [rdx+8192], 16
            62f175487267801f       vpsrad zmm1, [rdi-8192], 31
            62d1354872a0e0ffffff08 vpsrad zmm9, [r8-32], 8
            62f10d5072600004       vpsrad zmm30, [rax]{1to16}, 4
            62f1755872627f01       vpsrad zmm1, [rdx+508]{1to16}, 1
            62f1355872a70600000010 vpsrad zmm9, [rdi+6]{1to16}, 16
            62d175507260fd1f       vpsrad zmm17, [r8-12]{1to16}, 31
            62f10d5072a0f9ffffff08 vpsrad zmm30, [rax-7]{1to16}, 8
            62b3354843c94e         vshufi32x4 zmm1, zmm9, zmm17, 78
            6213754043ceff         vshufi32x4 zmm9, zmm17, zmm30, 255
            62e30d4043c900         vshufi32x4 zmm17, zmm30, zmm1, 0
            6243754843f188         vshufi32x4 zmm30, zmm1, zmm9, 136
            62d17d4870c94e         vpshufd zmm1, zmm9, 78
            62317d4870c9ff         vpshufd zmm9, zmm17, 255
            62817d4870ce00         vpshufd zmm17, zmm30, 0
            62617d4870f1b1         vpshufd zmm30, zmm1, 177
            62b2354850c9           vpdpbusd zmm1, zmm9, zmm17
            6212754050ce           vpdpbusd zmm9, zmm17, zmm30
            62e20d4050c9           vpdpbusd zmm17, zmm30, zmm1
            6242754850f1           vpdpbusd zmm30, zmm1, zmm9
            62f23548504f00         vpdpbusd zmm1, zmm9, [rdi]
            62527540504801         vpdpbusd zmm9, zmm17, [r8+64]
            62e20d40508821000000   vpdpbusd zmm17, zmm30, [rax+33]
            626275485072ff         vpdpbusd zmm30, zmm1, [rdx-64]
            62f23548508fc0dfffff   vpdpbusd zmm1, zmm9, [rdi-8256]
            62c20d50504800         vpdpbusd zmm17, zmm30, [r8]{1to16}
            62627558507002         vpdpbusd zmm30, zmm1, [rax+8]{1to16}
            62f23558508a00020000   vpdpbusd zmm1, zmm9, [rdx+512]{1to16}
            62727550504f80         vpdpbusd zmm9, zmm17, [rdi-512]{1to16}
            62c20d505088feffffff   vpdpbusd zmm17, zmm30, [r8-2]{1to16}
            62b1354876c9           vpcmpeqd k1, zmm9, zmm17
            6291754076d6           vpcmpeqd k2, zmm17, zmm30
            62f10d4076d9           vpcmpeqd k3, zmm30, zmm1
            62d1754876e1           vpcmpeqd k4, zmm1, zmm9
            62b1354876e9           vpcmpeqd k5, zmm9, zmm17
            6291754076f6           vpcmpeqd k6, zmm17, zmm30
            62f10d4076f9           vpcmpeqd k7, zmm30, zmm1
            62d17540766000         vpcmpeqd k4, zmm17, [r8]
            62f10d40766802         vpcmpeqd k5, zmm30, [rax+128]
            62f1754876b200200000   vpcmpeqd k6, zmm1, [rdx+8192]
            62f13548767f80         vpcmpeqd k7, zmm9, [rdi-8192]
            62d175407688e0ffffff   vpcmpeqd k1, zmm17, [r8-32]
            62f17558767000         vpcmpeqd k6, zmm1, [rax]{1to16}
            62f13558767a7f         vpcmpeqd k7, zmm9, [rdx+508]{1to16}
            62f17550768f06000000   vpcmpeqd k1, zmm17, [rdi+6]{1to16}
            62d10d507650fd         vpcmpeqd k2, zmm30, [r8-12]{1to16}
            62f175587698f9ffffff   vpcmpeqd k3, zmm1, [rax-7]{1to16}

            62e27d48314800         vpmovzxbd zmm17, [rax]
            62627d4831727f         vpmovzxbd zmm30, [rdx+2032]
            62f27d48318f72000000   vpmovzxbd zmm1, [rdi+114]
            62527d483148fd         vpmovzxbd zmm9, [r8-48]
            62e27d483188efffffff   vpmovzxbd zmm17, [rax-17]
            62c27d48334803         vpmovzxwd zmm17, [r8+96]
            62627d4833b2dfffffff   vpmovzxwd zmm30, [rdx-33]
            62627d48217200         vpmovsxbd zmm30, [rdx]
            62f27d48214f05         vpmovsxbd zmm1, [rdi+80]
            62527d48218801190000   vpmovsxbd zmm9, [r8+6401]
            62e27d48214880         vpmovsxbd zmm17, [rax-2048]
            62627d4821b240edffff   vpmovsxbd zmm30, [rdx-4800]
            62f27e48314f00         vpmovdb [rdi], zmm1
            62527e48314801         vpmovdb [r8+16], zmm9
            62e27e48318809000000   vpmovdb [rax+9], zmm17
            62627e483172ff         vpmovdb [rdx-16], zmm30
            62f27e48318ff0f7ffff   vpmovdb [rdi-2064], zmm1
            62527e48334800         vpmovdw [r8], zmm9
            62e27e48334802         vpmovdw [rax+64], zmm17
            62627e4833b200100000   vpmovdw [rdx+4096], zmm30
            62f27e48334f80         vpmovdw [rdi-4096], zmm1
            62527e483388f0ffffff   vpmovdw [r8-16], zmm9
            62d17c485bc9           vcvtdq2ps zmm1, zmm9
            62317c485bc9           vcvtdq2ps zmm9, zmm17
            62817c485bce           vcvtdq2ps zmm17, zmm30
            62617c485bf1           vcvtdq2ps zmm30, zmm1
            62e17c485b4800         vcvtdq2ps zmm17, [rax]
            62617c485b727f         vcvtdq2ps zmm30, [rdx+8128]
            62f17c485b8fc2010000   vcvtdq2ps zmm1, [rdi+450]
            62517c485b48fd         vcvtdq2ps zmm9, [r8-192]
            62e17c485b88bfffffff   vcvtdq2ps zmm17, [rax-65]
            62f17c585b4a00         vcvtdq2ps zmm1, [rdx]{1to16}
            62717c585b4f05         vcvtdq2ps zmm9, [rdi+20]{1to16}
            62c17c585b8807000000   vcvtdq2ps zmm17, [r8+7]{1to16}
            62617c585b7080         vcvtdq2ps zmm30, [rax-512]{1to16}
            62f17c585b8afaffffff   vcvtdq2ps zmm1, [rdx-6]{1to16}
            62627d48137200         vcvtph2ps zmm30, [rdx]
            62f27d48134f05         vcvtph2ps zmm1, [rdi+160]
            62527d48138801320000   vcvtph2ps zmm9, [r8+12801]
            62e27d48134880         vcvtph2ps zmm17, [rax-4096]
            62627d4813b280daffff   vcvtph2ps zmm30, [rdx-9600]

            62b1344858c9           vaddps zmm1, zmm9, zmm17
            62616c48587002         vaddps zmm30, zmm2, [rax+128]
            62717450584f02         vaddps zmm9, zmm17, [rdi+8]{1to16}
            62b2354840c9           vpmulld zmm1, zmm9, zmm17
            62626d48407002         vpmulld zmm30, zmm2, [rax+128]
            62727550404f02         vpmulld zmm9, zmm17, [rdi+8]{1to16}
            62b13548ebc9           vpord zmm1, zmm9, zmm17
            62616d48eb7002         vpord zmm30, zmm2, [rax+128]
            62717550eb4f02         vpord zmm9, zmm17, [rdi+8]{1to16}
            62b13448c6c944         vshufps zmm1, zmm9, zmm17, 68
            62016c48c6f0ee         vshufps zmm30, zmm2, zmm24, 238
            62117440c6ce88         vshufps zmm9, zmm17, zmm30, 136
            62f37d4819470000       vextractf32x4 [rdi], zmm0, 0
            62e37d48194f0101       vextractf32x4 [rdi+16], zmm17, 1
            62437d4819b04008000002 vextractf32x4 [r8+2112], zmm30, 2
            62737d481988ecffffff03 vextractf32x4 [rax-20], zmm9, 3
            62f27d48794f11         vpbroadcastw zmm1, [rdi+34]
            62427d4879902d010000   vpbroadcastw zmm26, [r8+301]
            62727d48794a80         vpbroadcastw zmm9, [rdx-256]
            62027d4813d2           vcvtph2ps zmm26, zmm26
            62b27d4813c9           vcvtph2ps zmm1, zmm17
            62727d4813ca           vcvtph2ps zmm9, zmm2
            62b1344859c9           vmulps zmm1, zmm9, zmm17
            6211744059ce           vmulps zmm9, zmm17, zmm30
            62e10c4059c9           vmulps zmm17, zmm30, zmm1
            6241744859f1           vmulps zmm30, zmm1, zmm9
            62f13448594f00         vmulps zmm1, zmm9, [rdi]
            62517440594801         vmulps zmm9, zmm17, [r8+64]
            62e10c40598821000000   vmulps zmm17, zmm30, [rax+33]
            626174485972ff         vmulps zmm30, zmm1, [rdx-64]
            62f13448598fc0dfffff   vmulps zmm1, zmm9, [rdi-8256]
            62c10c50594800         vmulps zmm17, zmm30, [r8]{1to16}
            62617458597002         vmulps zmm30, zmm1, [rax+8]{1to16}
            62f13458598a00020000   vmulps zmm1, zmm9, [rdx+512]{1to16}
            62717450594f80         vmulps zmm9, zmm17, [rdi-512]{1to16}
            62c10c505988feffffff   vmulps zmm17, zmm30, [r8-2]{1to16}
            62b134485ec9           vdivps zmm1, zmm9, zmm17
            621174405ece           vdivps zmm9, zmm17, zmm30
            62e10c405ec9           vdivps zmm17, zmm30, zmm1
            624174485ef1           vdivps zmm30, zmm1, zmm9
            625174405e4800         vdivps zmm9, zmm17, [r8]
            62e10c405e4802         vdivps zmm17, zmm30, [rax+128]
            626174485eb200200000   vdivps zmm30, zmm1, [rdx+8192]
            62f134485e4f80         vdivps zmm1, zmm9, [rdi-8192]
            625174405e88e0ffffff   vdivps zmm9, zmm17, [r8-32]
            626174585e7000         vdivps zmm30, zmm1, [rax]{1to16}
            62f134585e4a7f         vdivps zmm1, zmm9, [rdx+508]{1to16}
            627174505e8f06000000   vdivps zmm9, zmm17, [rdi+6]{1to16}
            62c10c505e48fd         vdivps zmm17, zmm30, [r8-12]{1to16}
            626174585eb0f9ffffff   vdivps zmm30, zmm1, [rax-7]{1to16}
            62b23548b8c9           vfmadd231ps zmm1, zmm9, zmm17
            62127540b8ce           vfmadd231ps zmm9, zmm17, zmm30
            62e20d40b8c9           vfmadd231ps zmm17, zmm30, zmm1
            62427548b8f1           vfmadd231ps zmm30, zmm1, zmm9
            62e20d40b84800         vfmadd231ps zmm17, zmm30, [rax]
            62627548b8727f         vfmadd231ps zmm30, zmm1, [rdx+8128]
            62f23548b88fc2010000   vfmadd231ps zmm1, zmm9, [rdi+450]
            62527540b848fd         vfmadd231ps zmm9, zmm17, [r8-192]
            62e20d40b888bfffffff   vfmadd231ps zmm17, zmm30, [rax-65]
            62f23558b84a00         vfmadd231ps zmm1, zmm9, [rdx]{1to16}
            62727550b84f05         vfmadd231ps zmm9, zmm17, [rdi+20]{1to16}
            62c20d50b88807000000   vfmadd231ps zmm17, zmm30, [r8+7]{1to16}
            62627558b87080         vfmadd231ps zmm30, zmm1, [rax-512]{1to16}
            62f23558b88afaffffff   vfmadd231ps zmm1, zmm9, [rdx-6]{1to16}
            62b23548a8c9           vfmadd213ps zmm1, zmm9, zmm17
            62127540a8ce           vfmadd213ps zmm9, zmm17, zmm30
            62e20d40a8c9           vfmadd213ps zmm17, zmm30, zmm1
            62427548a8f1           vfmadd213ps zmm30, zmm1, zmm9
            62627548a87200         vfmadd213ps zmm30, zmm1, [rdx]
            62f23548a84f05         vfmadd213ps zmm1, zmm9, [rdi+320]
            62527540a88801640000   vfmadd213ps zmm9, zmm17, [r8+25601]
            62e20d40a84880         vfmadd213ps zmm17, zmm30, [rax-8192]
            62627548a8b200b5ffff   vfmadd213ps zmm30, zmm1, [rdx-19200]
            62727550a84f00         vfmadd213ps zmm9, zmm17, [rdi]{1to16}
            62c20d50a84801         vfmadd213ps zmm17, zmm30, [r8+4]{1to16}
            62627558a8b002000000   vfmadd213ps zmm30, zmm1, [rax+2]{1to16}
            62f23558a84aff         vfmadd213ps zmm1, zmm9, [rdx-4]{1to16}
            62727550a88ffcfdffff   vfmadd213ps zmm9, zmm17, [rdi-516]{1to16}
            """;

    /// A line of [#TABLE]: the bytes, and what they mean.
    private record Line(String bytes, String text) {
        String name() {
            return text.split(" ")[0];
        }

        List<Object> operands() {
            return AssemblerTest.operands(name(), text.substring(name().length()));
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static Stream<Line> lines() {
        return TABLE.lines().filter(line -> !line.isEmpty()).map(line -> line.split(" +", 2))
                .map(parts -> new Line(parts[0], parts[1]));
    }

    @ParameterizedTest
    @MethodSource("lines")
    void bytes(Line line) throws ReflectiveOperationException {
        assertEquals(line.bytes, assemble(line));
    }

    /// The bytes from the method of that name for the operands of the text.
    private static String assemble(Line line) throws ReflectiveOperationException {
        Assembler assembler = new Assembler();
        method(line).invoke(assembler, line.operands().toArray());
        return HexFormat.of().formatHex(assembler.code());
    }

    private static List<Object> operands(String name, String text) {
        List<Object> operands = new ArrayList<>();
        for (MatchResult match : OPERAND.matcher(text).results().toList()) {
            if (match.group("base") != null) {
                String displacement = match.group("displacement");
                At at = Operand.at(gp(match.group("base")), displacement == null ? 0 : Long.parseLong(displacement));
                // texts of vbroadcastss do not say that it repeats
                operands.add(match.group("each") == null && !name.equals("vbroadcastss") ? at : at.each());
                if (match.group("index") != null) {
                    operands.add(new Zmm(Integer.parseInt(match.group("index"))));
                }
            } else if (match.group("zmm") != null) {
                operands.add(new Zmm(Integer.parseInt(match.group("zmm"))));
            } else if (match.group("gp") != null) {
                operands.add(gp(match.group("gp")));
            } else {
                operands.add(Integer.parseInt(match.group(match.group("k") != null ? "k" : "number")));
            }
        }
        // written three times, given once
        if (text.matches(" (k\\d), \\1, \\1")) {
            return operands.subList(0, 1);
        }
        return operands;
    }

    /// The register whose name for 64 or 32 bits that is.
    private static Gp gp(String name) {
        return Gp.valueOf(name.replaceFirst("^e", "r").replaceFirst("(\\d)d$", "$1").toUpperCase(Locale.ROOT));
    }

    private static Method method(Line line) {
        List<Object> operands = line.operands();
        return Arrays.stream(Assembler.class.getMethods())
                .filter(method -> method.getName().equals(line.name()) && takes(method.getParameterTypes(), operands))
                .findFirst().orElseThrow();
    }

    private static boolean takes(Class<?>[] types, List<Object> operands) {
        if (types.length != operands.size()) {
            return false;
        }
        for (int i = 0; i < types.length; i++) {
            boolean number = operands.get(i) instanceof Integer;
            if (types[i].isPrimitive() ? !number : !types[i].isInstance(operands.get(i))) {
                return false;
            }
        }
        return true;
    }

    @Test
    void everyInstruction() {
        Set<Method> missing = Arrays.stream(Assembler.class.getMethods())
                .filter(method -> method.getDeclaringClass() == Assembler.class && method.getReturnType() == void.class)
                .collect(Collectors.toCollection(HashSet::new));
        lines().forEach(line -> missing.remove(method(line)));
        assertEquals(Set.of("jnz", "broadcast"), missing.stream().map(Method::getName).collect(Collectors.toSet()));
    }

    @Test
    void broadcastsConstants() {
        Assembler assembler = new Assembler();
        assembler.broadcast(Operand.zmm(27), 0x3f000001);
        // mov eax, 0x3f000001; vpbroadcastd zmm27, eax
        assertEquals("b80100003f" + "62627d487cd8", HexFormat.of().formatHex(assembler.code()));
    }

    @Test
    void jumpsBack() {
        Assembler assembler = new Assembler();
        assembler.ret();
        int loop = assembler.here();
        assembler.dec(Gp.RAX);
        assembler.jnz(loop);
        assembler.jnz(0);
        // ret; dec rax; jne 0x1; jne 0x0
        assertEquals("c3" + "48ffc8" + "0f85f7ffffff" + "0f85f0ffffff", HexFormat.of().formatHex(assembler.code()));
        assertEquals(16, assembler.here());
    }

    @Test
    void longCode() {
        Assembler assembler = new Assembler();
        for (int i = 0; i < 10_000; i++) {
            assembler.dec(Gp.R9);
        }
        assembler.jnz(0);
        // -30006
        assertEquals("49ffc9".repeat(10_000) + "0f85ca8affff", HexFormat.of().formatHex(assembler.code()));
    }

    @Test
    void refuses() {
        Assembler assembler = new Assembler();
        assertThrows(IllegalArgumentException.class, () -> Operand.zmm(32));
        assertThrows(IllegalArgumentException.class, () -> Operand.zmm(-1));
        assertThrows(IllegalArgumentException.class, () -> assembler.kmovw(Gp.R8, 1));
        assertThrows(IllegalArgumentException.class, () -> assembler.vpbroadcastd(Operand.zmm(1), Gp.R11));
        assertThrows(ArithmeticException.class, () -> assembler.add(Gp.RAX, 1L << 31));
        assertThrows(ArithmeticException.class, () -> Operand.at(Gp.RAX, 1L << 31));
    }
}
