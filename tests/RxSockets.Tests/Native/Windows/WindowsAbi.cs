using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using RxSockets.Native.Windows;

namespace RxSockets.Tests.Native.Windows;

/// <summary>What Native/Windows declares, by the names that the C headers use.</summary>
internal static class WindowsAbi
{
    public static readonly Type[] Structs =
    [
        typeof(OVERLAPPED), typeof(OVERLAPPED_ENTRY), typeof(WSABUF), typeof(WSAMSG), typeof(WSACMSGHDR), typeof(TRANSMIT_FILE_BUFFERS),
        typeof(TRANSMIT_PACKETS_ELEMENT), typeof(LINGER), typeof(ip_mreq), typeof(ipv6_mreq), typeof(sockaddr_in), typeof(sockaddr_in6),
    ];

    /// <summary>In C: a tag that needs the word struct, or another name.</summary>
    public static string CName(Type type) => type.Name is "sockaddr_in" or "sockaddr_in6" or "ip_mreq" or "ipv6_mreq" ? "struct " + type.Name : type.Name;

    public static IEnumerable<(string Name, long Value)> Constants() =>
        from type in new[] { typeof(WindowsConstants), typeof(Win32Error), typeof(NtStatus) }
        from field in type.GetFields(BindingFlags.Public | BindingFlags.Static)
        where field.IsLiteral
        select (field.Name, Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture));

    public static IEnumerable<(string Name, long Value)> Layouts()
    {
        foreach (Type type in Structs)
        {
            yield return ($"sizeof({CName(type)})", Marshal.SizeOf(type));
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
                yield return ($"offsetof({CName(type)}, {field.Name})", Marshal.OffsetOf(type, field.Name));
        }

        yield return ("sizeof(WSADATA)", Ws2_32.WsaDataBytes);
    }

    public static IEnumerable<(string Name, Guid Value)> Guids() =>
        from field in typeof(ExtensionFunctions).GetFields(BindingFlags.Public | BindingFlags.Static)
        select (field.Name, (Guid)field.GetValue(null)!);
}
