using System;

namespace BranchXR
{
    /// <summary>What went wrong: a stable code, the cause, the place and what to do.</summary>
    /// <remarks>
    /// The same four parts as <c>BranchXRError</c> has in Python: a program asks for <see cref="Code"/>,
    /// a person reads <see cref="Exception.Message"/>. No part holds a token, a key or an account number.
    /// </remarks>
    public sealed class BranchError : Exception
    {
        /// <summary>Lower case and stable: <c>frame_length</c>, <c>python_missing</c>.</summary>
        public string Code { get; }

        /// <summary>What was expected and what came.</summary>
        public string Cause { get; }

        /// <summary>Where: a method, a file, a setting.</summary>
        public string Place { get; }

        /// <summary>What to do about it.</summary>
        public string Remedy { get; }

        /// <summary>Make an error of its four parts.</summary>
        public BranchError(string code, string cause, string place, string remedy, Exception inner = null)
            : base(cause + "; at " + place + "; " + remedy + " [" + code + "]", inner)
        {
            Code = code;
            Cause = cause;
            Place = place;
            Remedy = remedy;
        }
    }
}
